import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FormatError } from '../../../broker/base/format-error.ts'
import {
  decodePrimitiveMap,
  decodePrimitiveStream,
  encodePrimitiveMap,
  encodePrimitiveStream,
  type PrimitiveValue,
} from '../../../broker/marshal/primitive-map.ts'

const leaf: fc.Arbitrary<PrimitiveValue> = fc.oneof(
  fc.constant({ type: 'null', value: null } as const),
  fc.boolean().map((value) => ({ type: 'boolean', value }) as const),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte', value }) as const),
  fc.integer({ min: 0, max: 65_535 }).map((value) => ({ type: 'char', value }) as const),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => ({ type: 'short', value }) as const),
  fc.integer().map((value) => ({ type: 'int', value }) as const),
  fc.maxSafeInteger().map((value) => ({ type: 'long', value }) as const),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n)).map((value) => ({ type: 'long', value }) as const),
  fc.double({ noNaN: true }).map((value) => ({ type: 'double', value }) as const),
  fc.float({ noNaN: true }).map((value) => ({ type: 'float', value }) as const),
  fc.string({ unit: 'binary' }).map((value) => ({ type: 'string', value }) as const),
  fc.uint8Array().map((bytes) => ({ type: 'bytes', value: Buffer.from(bytes) }) as const),
)
const name = fc.string({ unit: 'binary', maxLength: 10 })
const tree = fc.letrec<{ value: PrimitiveValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }).map((value) => ({ type: 'list', value }) as const),
    fc
      .array(fc.tuple(name, tie('value')), { maxLength: 3 })
      .map((all) => ({ type: 'map', value: new Map(all) }) as const),
  ),
}))

test('whatever map goes in comes out, with its types', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, tree.value), { maxLength: 5 }), (entries) => {
      const map = new Map(entries)
      expect(decodePrimitiveMap(encodePrimitiveMap(map))).toEqual(map)
    }),
  )
})

test('no bytes and the null map are empty maps', () => {
  expect(decodePrimitiveMap(null)).toEqual(new Map())
  expect(decodePrimitiveMap(Buffer.from('ffffffff', 'hex'))).toEqual(new Map())
  expect(encodePrimitiveMap(new Map()).toString('hex')).toBe('00000000')
})

test('a name that no map can hold is refused', () => {
  expect(() => encodePrimitiveMap(new Map([['x'.repeat(65_536), { type: 'null', value: null }]]))).toThrow(
    'names have at most 65535',
  )
})

describe('maps from a stranger', () => {
  test.each([
    ['an entry count beyond the bytes', '7fffffff'],
    ['a negative count', 'fffffffe'],
    ['a name beyond the bytes', '00000001ffff'],
    ['an unknown type', '0000000100016b63'],
    ['bytes of negative length', '0000000100016b0affffffff'],
    ['a list beyond the bytes', '0000000100016b0c7fffffff'],
  ])('%s', (_what, hex) => {
    expect(() => decodePrimitiveMap(Buffer.from(hex, 'hex'))).toThrow('Cannot decode primitive map')
  })

  test('lists in lists in lists', () => {
    const deep = Buffer.from('0000000100016b' + '0c00000001'.repeat(1000) + '00', 'hex')
    expect(() => decodePrimitiveMap(deep)).toThrow('nested deeper than 32')
  })

  test('noise ends in a FormatError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          decodePrimitiveMap(Buffer.concat([Buffer.from([0, 0, 0, 2, 0, 1, 107]), noise]))
        } catch (error) {
          if (!(error instanceof FormatError)) throw error
        }
      }),
    )
  })
})

test('strings of 8191 characters and more are written with a long length', () => {
  const map = (length: number): Map<string, PrimitiveValue> =>
    new Map([['k', { type: 'string', value: 'b'.repeat(length) }]])
  expect(encodePrimitiveMap(map(8190))[7]).toBe(9)
  expect(encodePrimitiveMap(map(8191))[7]).toBe(13)
  expect(decodePrimitiveMap(encodePrimitiveMap(map(70_000)))).toEqual(map(70_000))
})

test('stream bodies keep order and types', () => {
  const values: PrimitiveValue[] = [
    { type: 'int', value: 1 },
    { type: 'null', value: null },
    { type: 'bytes', value: Buffer.alloc(1000, 1) },
    { type: 'long', value: 2n ** 62n },
  ]
  expect(decodePrimitiveStream(encodePrimitiveStream(values))).toEqual(values)
})
