import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FormatError } from '../../../broker/base/format-error.ts'
import {
  decodeModifiedUtf8,
  encodeModifiedUtf8,
  encodeModifiedUtf8Into,
  isModifiedUtf8,
  modifiedUtf8Length,
} from '../../../broker/marshal/modified-utf8.ts'

describe('modified UTF-8', () => {
  test('whatever text goes in comes out, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }), (units) => {
        const text = String.fromCharCode(...units)
        const bytes = encodeModifiedUtf8(text)
        expect(bytes.includes(0)).toBe(false)
        expect(decodeModifiedUtf8(bytes, 0, bytes.length)).toBe(text)
      }),
    )
  })

  test('long ASCII takes another way to the same result', () => {
    const text = 'abc'.repeat(1000)
    expect(encodeModifiedUtf8(text)).toEqual(Buffer.from(text))
    expect(decodeModifiedUtf8(Buffer.from(text), 0, 3000)).toBe(text)
  })

  test('plain UTF-8 of foreign clients is accepted', () => {
    const bytes = Buffer.from('grün 😀')
    expect(decodeModifiedUtf8(bytes, 0, bytes.length)).toBe('grün 😀')
  })

  test.each(['80', 'c3', 'e282', 'c341', 'f0', 'ff', 'f7bfbfbf'])('%s is refused', (hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(() => decodeModifiedUtf8(bytes, 0, bytes.length)).toThrow(FormatError)
  })
})

test('the length is known before', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const length = modifiedUtf8Length(text)
      const buffer = Buffer.alloc(length + 4)
      expect(encodeModifiedUtf8Into(buffer, 2, text, length)).toBe(length + 2)
      expect(buffer.subarray(2, length + 2)).toEqual(encodeModifiedUtf8(text))
    }),
  )
})

describe("what Java's readUTF takes", () => {
  test('is all that we write', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const bytes = encodeModifiedUtf8(text)
        expect(isModifiedUtf8(bytes, 0, bytes.length)).toBe(true)
      }),
    )
  })

  test.each(['80', 'c3', 'e282', 'c341', 'f0', 'ff', 'f09f9880'])('is not %s', (hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(isModifiedUtf8(bytes, 0, bytes.length)).toBe(false)
  })
})
