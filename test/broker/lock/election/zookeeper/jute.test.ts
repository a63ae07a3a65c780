import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { JuteReader, JuteWriter } from '../../../../../broker/lock/election/zookeeper/jute.ts'

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'grapheme', maxLength: 50 })
const record = fc.tuple(int, long, fc.boolean(), bytes, text, fc.array(text, { maxLength: 10 }))

const write = ([a, b, c, d, e, f]: [number, bigint, boolean, Buffer, string, string[]]): Buffer =>
  new JuteWriter().int(a).long(b).bool(c).buffer(d).string(e).strings(f).frame()

const read = (frame: Buffer): unknown[] => {
  const reader = new JuteReader(frame)
  return [reader.int(), reader.long(), reader.bool(), reader.buffer(), reader.string(), reader.strings()]
}

describe("jute, the encoding of ZooKeeper's requests", () => {
  test('a request of ZooKeeper, byte by byte', () => {
    const exists = new JuteWriter().int(1).int(3).string('/a').bool(true).frame()
    expect(exists.toString('hex')).toBe('0000000f0000000100000003000000022f6101')
  })

  test('what was written is read', () => {
    fc.assert(
      fc.property(record, (values) => {
        const frame = write(values)
        expect(frame.readInt32BE()).toBe(frame.length - 4)
        expect(read(frame.subarray(4))).toEqual(values)
      }),
    )
  })

  test('a buffer of length -1 is none, and so are a text and a list', () => {
    const none = new JuteReader(new JuteWriter().int(-1).int(-1).int(-1).frame().subarray(4))
    expect([none.buffer().length, none.string(), none.strings()]).toEqual([0, '', []])
  })

  test('what ends too early is refused', () => {
    fc.assert(
      fc.property(record, fc.nat(), (values, cut) => {
        const body = write(values).subarray(4)
        expect(() => read(body.subarray(0, cut % body.length))).toThrow(
          'Cannot read an answer of ZooKeeper: it ends at',
        )
      }),
    )
  })

  test('any bytes are read or refused, and no list is made longer than they are', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        let count = 0
        try {
          count = new JuteReader(given).strings().length
        } catch (error) {
          expect((error as Error).message).toMatch(/^Cannot read an answer of ZooKeeper: it ends at/)
        }
        expect(count).toBeLessThanOrEqual(given.length / 4)
      }),
    )
  })
})
