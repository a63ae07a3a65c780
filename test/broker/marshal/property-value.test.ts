import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { encodeModifiedUtf8 } from '../../../broker/marshal/modified-utf8.ts'
import { encodePrimitiveMap, type PrimitiveValue } from '../../../broker/marshal/primitive-map.ts'
import { findPropertyValue, readPropertyText } from '../../../broker/marshal/property-value.ts'

const nested: fc.Arbitrary<PrimitiveValue> = fc.letrec<{ value: PrimitiveValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant({ type: 'null', value: null } as const),
    fc.boolean().map((value) => ({ type: 'boolean', value }) as const),
    fc.integer({ min: 0, max: 65_535 }).map((value) => ({ type: 'char', value }) as const),
    fc.integer().map((value) => ({ type: 'int', value }) as const),
    fc.double().map((value) => ({ type: 'double', value }) as const),
    fc.oneof(fc.string(), fc.constant('x'.repeat(9000))).map((value) => ({ type: 'string', value }) as const),
    fc.uint8Array().map((value) => ({ type: 'bytes', value: Buffer.from(value) }) as const),
    fc.array(tie('value'), { maxLength: 3 }).map((value) => ({ type: 'list', value }) as const),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 })
      .map((entries) => ({ type: 'map', value: new Map(entries) }) as const),
  ),
})).value

const name = fc.oneof(fc.constantFrom('a', 'ab', 'b', '', 'ü'), fc.string({ unit: 'binary', maxLength: 4 }))

test('it finds each value, behind all kinds of others, and nothing that is not there', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, nested), { maxLength: 6 }), name, fc.nat(5), (entries, wanted, before) => {
      const map = new Map(entries)
      const marshalled = encodePrimitiveMap(map)
      const bytes = Buffer.concat([Buffer.alloc(before), marshalled, Buffer.from('noise')])
      const at = findPropertyValue(bytes, before, before + marshalled.length, encodeModifiedUtf8(wanted))
      const value = map.get(wanted)
      if (!value) return expect(at).toBe(-1)
      const alone = encodePrimitiveMap(new Map([['', value]])).subarray(6)
      expect(bytes.subarray(at, at + alone.length)).toEqual(alone)
      if (value.type === 'string') expect(readPropertyText(bytes, at)).toBe(value.value)
    }),
  )
})

test('a value that is cut off is not there', () => {
  const bytes = encodePrimitiveMap(new Map<string, PrimitiveValue>([['a', { type: 'string', value: 'text' }]]))
  const key = Buffer.from('a')
  expect(findPropertyValue(bytes, 0, bytes.length, key)).toBe(7)
  for (let end = 0; end < bytes.length; end++) expect(findPropertyValue(bytes.subarray(0, end), 0, end, key)).toBe(-1)
})

test('lists within lists without end are not followed', () => {
  const list = Buffer.from([12, 0, 0, 0, 1])
  const bytes = Buffer.concat([
    Buffer.from([0, 0, 0, 2, 0, 1, 0x61]),
    ...Array.from({ length: 10_000 }, () => list),
    Buffer.from([0, 0, 1, 0x62, 0]),
  ])
  expect(findPropertyValue(bytes, 0, bytes.length, Buffer.from('b'))).toBe(-1)
})

test('a text that is not UTF-8 is none', () => {
  expect(readPropertyText(Buffer.from([9, 0, 1, 0xff]), 0)).toBe(null)
})

test('noise is no map, and ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      const bytes = Buffer.from(noise)
      expect(findPropertyValue(bytes, 0, bytes.length, Buffer.from('a'))).toBeLessThan(bytes.length)
    }),
  )
})
