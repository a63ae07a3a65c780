// Against what java.util.Properties says of itself: the rules and examples of its method load.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { formatJavaProperties, parseJavaProperties } from '../../../broker/openwire/java-properties.ts'

const parse = (text: string): Record<string, string> => Object.fromEntries(parseJavaProperties(text))

describe('reading', () => {
  test.each([
    ['Truth = Beauty', { Truth: 'Beauty' }],
    [' Truth:Beauty', { Truth: 'Beauty' }],
    ['Truth                    :Beauty', { Truth: 'Beauty' }],
    ['fruits    apple, banana, pear, \\\n                cantaloupe', { fruits: 'apple, banana, pear, cantaloupe' }],
    ['cheeses', { cheeses: '' }],
    ['# no = entry\n! nor = this\n\n   \t\n  # nor this\na=1', { a: '1' }],
    ['a=1\r\nb=2\rc=3\n', { a: '1', b: '2', c: '3' }],
    ['a==b', { a: '=b' }],
    ['a = : b', { a: ': b' }],
    ['a\\ b\\=\\:c=d', { 'a b=:c': 'd' }],
    ['a=\\t\\n\\r\\f\\\\\\x\\"', { a: '\t\n\r\f\\x"' }],
    ['a=\\u0041\\u00e9', { a: 'Aé' }],
    ['a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
    ['a=b\\\n  # no comment', { a: 'b# no comment' }],
    ['a=b\\', { a: 'b' }],
    ['a=b  ', { a: 'b  ' }],
    ['a=1\na=2', { a: '2' }],
    ['=x', { '': 'x' }],
    ['a=\\u12', { a: 'u12' }],
    ['', {}],
  ])('%j', (text, entries) => {
    expect(parse(text)).toEqual(entries)
  })
})

test('written as by store', () => {
  const entries = [
    ['uri', 'static:(tcp://a:1?x=true)'],
    ['a key', ' two  spaces '],
    ['#!', 'é\t\n😀\\'],
  ] as const
  expect(formatJavaProperties(entries, Date.UTC(2026, 10, 20, 18, 12, 36))).toBe(
    '#\n#Fri Nov 20 18:12:36 UTC 2026\n' +
      'uri=static\\:(tcp\\://a\\:1?x\\=true)\n' +
      'a\\ key=\\ two  spaces \n' +
      '\\#\\!=\\u00E9\\t\\n\\uD83D\\uDE00\\\\\n',
  )
})

test('what was written is read', () => {
  const word = fc.string({ unit: 'binary', maxLength: 20 })
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([key]) => key, maxLength: 20 }), (entries) => {
      expect([...parseJavaProperties(formatJavaProperties(entries, 0))]).toEqual(entries)
    }),
  )
})
