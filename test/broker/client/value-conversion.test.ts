// The tables of JMS 1.1, 3.5.4 and 3.11.3.
import { describe, expect, test } from '@jest/globals'
import type { PrimitiveValue } from '../../../broker/client/message-value.ts'
import { type ReadableType, valueAs } from '../../../broker/client/value-conversion.ts'

const types = ['boolean', 'byte', 'short', 'char', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const

const bytes = Buffer.from([1])

/** What each value gives as each type; what is missing has no conversion. */
const table: readonly [PrimitiveValue, Partial<Record<ReadableType, unknown>>][] = [
  [
    { type: 'boolean', value: true },
    { boolean: true, string: 'true' },
  ],
  [
    { type: 'byte', value: -5 },
    { byte: -5, short: -5, int: -5, long: -5n, string: '-5' },
  ],
  [
    { type: 'short', value: 300 },
    { short: 300, int: 300, long: 300n, string: '300' },
  ],
  [
    { type: 'char', value: 65 },
    { char: 'A', string: 'A' },
  ],
  [
    { type: 'int', value: 7 },
    { int: 7, long: 7n, string: '7' },
  ],
  [
    { type: 'long', value: 7 },
    { long: 7n, string: '7' },
  ],
  [
    { type: 'long', value: 2n ** 62n },
    { long: 2n ** 62n, string: '4611686018427387904' },
  ],
  [
    { type: 'float', value: 0.5 },
    { float: 0.5, double: 0.5, string: '0.5' },
  ],
  [
    { type: 'double', value: 1.25 },
    { double: 1.25, string: '1.25' },
  ],
  [
    { type: 'string', value: '12' },
    { boolean: false, byte: 12, short: 12, int: 12, long: 12n, float: 12, double: 12, string: '12' },
  ],
  [{ type: 'bytes', value: bytes }, { bytes }],
  [{ type: 'map', value: new Map() }, {}],
  [{ type: 'list', value: [] }, {}],
]

describe.each(table)('%p', (value, readable) => {
  test.each(types)('as %s', (type) => {
    if (type in readable) return expect(valueAs(value, type)).toEqual(readable[type])
    expect(() => valueAs(value, type)).toThrow(
      expect.objectContaining({
        className: 'javax.jms.MessageFormatException',
        message: expect.stringMatching(`^Cannot read ${value.type}.* as ${type}: accepted is `),
      }),
    )
  })
})

test.each(types)('null as %s is null', (type) => {
  for (const none of [{ type: 'null', value: null } as const, null, undefined]) expect(valueAs(none, type)).toBeNull()
})

test.each([
  ['TRUE', 'boolean', true],
  ['yes', 'boolean', false],
  ['-128', 'byte', -128],
  ['+5', 'int', 5],
  ['9223372036854775807', 'long', 9223372036854775807n],
  [' 1.5e3 ', 'double', 1500],
  ['.5', 'double', 0.5],
  ['2f', 'float', 2],
  ['0.1', 'float', Math.fround(0.1)],
  ['-Infinity', 'double', -Infinity],
  ['NaN', 'double', NaN],
] as const)('the text %p as %s', (text, type, value) => {
  expect(valueAs({ type: 'string', value: text }, type)).toBe(value)
})

test.each([
  ['128', 'byte', 'Cannot read string "128" as byte: accepted are whole numbers from -128 to 127'],
  ['9223372036854775808', 'long', 'accepted are whole numbers from -9223372036854775808 to 9223372036854775807'],
  ['1.5', 'int', 'the text is no whole number'],
  [' 5', 'int', 'the text is no whole number'],
  ['', 'int', 'the text is no whole number'],
  ['', 'double', 'the text is no number'],
  ['0x10', 'double', 'the text is no number'],
  ['infinity', 'double', 'the text is no number'],
] as const)('the text %p is no %s', (text, type, reason) => {
  expect(() => valueAs({ type: 'string', value: text }, type)).toThrow(reason)
})
