import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { encodePrimitiveMap, type PrimitiveValue } from '../../../broker/marshal/primitive-map.ts'
import { hasNameWithPrefix } from '../../../broker/marshal/property-names.ts'

const prefix = Buffer.from('AMQ_')
const name = fc.oneof(fc.constantFrom('AMQ_', 'AMQ_X', 'AMQ', 'amq_', ''), fc.string({ unit: 'binary', maxLength: 8 }))
const value: fc.Arbitrary<PrimitiveValue> = fc.oneof(
  fc.constant({ type: 'null', value: null } as const),
  fc.boolean().map((it) => ({ type: 'boolean', value: it }) as const),
  fc.integer({ min: -128, max: 127 }).map((it) => ({ type: 'byte', value: it }) as const),
  fc.integer({ min: 0, max: 65_535 }).map((it) => ({ type: 'char', value: it }) as const),
  fc.integer({ min: -32_768, max: 32_767 }).map((it) => ({ type: 'short', value: it }) as const),
  fc.integer().map((it) => ({ type: 'int', value: it }) as const),
  fc.maxSafeInteger().map((it) => ({ type: 'long', value: it }) as const),
  fc.double().map((it) => ({ type: 'double', value: it }) as const),
  fc.float().map((it) => ({ type: 'float', value: it }) as const),
  fc
    .oneof(fc.string(), fc.constant('AMQ_'), fc.constant('x'.repeat(9000)))
    .map((it) => ({ type: 'string', value: it }) as const),
  fc.uint8Array().map((it) => ({ type: 'bytes', value: Buffer.from(it) }) as const),
)

test('it finds what decoding would find', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), fc.nat(5), (entries, before) => {
      const map = new Map(entries)
      const marshalled = encodePrimitiveMap(map)
      const bytes = Buffer.concat([Buffer.alloc(before, 'AMQ_'), marshalled, Buffer.from('AMQ_AMQ_')])
      const found = hasNameWithPrefix(bytes, before, before + marshalled.length, prefix)
      expect(found).toBe([...map.keys()].some((key) => key.startsWith('AMQ_')))
    }),
  )
})

test('it does not look behind what it cannot step over', () => {
  const map = encodePrimitiveMap(
    new Map<string, PrimitiveValue>([
      ['list', { type: 'list', value: [] }],
      ['AMQ_X', { type: 'null', value: null }],
    ]),
  )
  expect(hasNameWithPrefix(map, 0, map.length, prefix)).toBe(false)
})

test('noise is no map, and ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      const bytes = Buffer.from(noise)
      expect(typeof hasNameWithPrefix(bytes, 0, bytes.length, prefix)).toBe('boolean')
    }),
  )
})
