import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { WatchEvent } from '../../../operator/kube/port.ts'
import { WatchDecoder } from '../../../operator/kube/watch-decoder.ts'

const decode = (text: string, cuts: readonly number[] = [], maxLineBytes?: number) => {
  const decoder = new WatchDecoder('watch pods', maxLineBytes)
  const bytes = Buffer.from(text)
  const events: WatchEvent[] = []
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    decoder.push(bytes.subarray(from, end), (event) => events.push(event))
    from = end
  }
  return { events, pendingBytes: decoder.pendingBytes }
}

test('the events do not depend on where the chunks end', () => {
  const anyEvent = fc.record({
    type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'DELETED' as const),
    object: fc.record({
      metadata: fc.record({ name: fc.string({ unit: 'grapheme' }) }),
      text: fc.string({ unit: 'grapheme' }),
    }),
  })
  fc.assert(
    fc.property(fc.array(anyEvent), fc.array(fc.nat()), (events, cuts) => {
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('')
      expect(decode(text, cuts)).toEqual({ events, pendingBytes: 0 })
    }),
  )
})

test('empty lines are nothing, a line without its end is kept back', () => {
  expect(decode('\n\r\n')).toEqual({ events: [], pendingBytes: 0 })
  expect(decode('{"type":')).toEqual({ events: [], pendingBytes: 8 })
})

test('a bookmark says no more than a version', () => {
  const { events } = decode('{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}\n')
  expect(events).toEqual([{ type: 'BOOKMARK', resourceVersion: '12' }])
})

test.each([
  ['not JSON', 'hello\n'],
  ['no object', '12\n'],
  ['an unknown type', '{"type":"NEWS","object":{"metadata":{"name":"a"}}}\n'],
  ['an object without a name', '{"type":"ADDED","object":{}}\n'],
])('refuses what is %s', (_, text) => {
  expect(() => decode(text)).toThrow(/^Cannot watch pods: a line of the answer is not/)
})

test('refuses a line that is too long before it is all there', () => {
  expect(() => decode('x'.repeat(101), [50], 100)).toThrow(
    'Cannot watch pods: a line of the answer is longer than 100 bytes',
  )
  expect(decode(`${' '.repeat(100)}\n${' '.repeat(100)}\n`, [50], 100).events).toEqual([])
})
