// Selectors that cannot be read: where, and what was expected; and what nobody can make a selector cost.
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { LikePattern } from '../../../broker/selector/like-pattern.ts'
import { selectorLimits } from '../../../broker/selector/limits.ts'
import { SelectorError } from '../../../broker/selector/selector-error.ts'
import { compileSelector } from '../../../broker/selector/selector.ts'
import { numberTypes } from '../../../broker/selector/value.ts'

const { maximumSelectorDepth, maximumSelectorLength, maximumJoinedLength } = selectorLimits

const compile = (text: string, value: string | null = null) =>
  compileSelector(text, () => ({ read: () => value, numberType: numberTypes.none }))

function errorOf(text: string): SelectorError {
  try {
    compile(text)
  } catch (error) {
    if (error instanceof SelectorError) return error
    throw error
  }
  throw new Error(`no error in ${text}`)
}

test.each([
  ['', 0, 'a name, a value or ( was expected, found the end'],
  ['a = ', 4, 'a name, a value or ( was expected, found the end'],
  ['a = 1 b', 6, 'an operator or the end was expected, found b'],
  ['a = 08', 5, 'an operator or the end was expected, found 8'],
  ['(a = 1', 6, "an operator or ')' was expected, found the end"],
  ['a = 1)', 5, 'an operator or the end was expected, found )'],
  ['a AND', 5, 'a name, a value or ( was expected, found the end'],
  ['a = AND', 4, 'a name, a value or ( was expected, found AND'],
  ['a IS 5', 5, 'NULL or NOT NULL was expected, found 5'],
  ['a IS NOT TRUE', 9, 'NULL was expected, found TRUE'],
  ['a NOT 5', 6, 'LIKE, BETWEEN or IN was expected, found 5'],
  ['a BETWEEN 1 OR 2', 12, 'AND was expected, found OR'],
  ['a LIKE b', 7, 'a string in quotes was expected, found b'],
  ["a LIKE 'b' ESCAPE '!!'", 18, 'one character in quotes was expected'],
  ["a IN 'b'", 5, "'(' was expected, found 'b'"],
  ["a IN ('b' 'c')", 10, "',' or ')' was expected, found 'c'"],
  ['a IN (1)', 6, 'a string in quotes was expected, found 1'],
  ["5 IN ('a')", 0, 'a name was expected before IN'],
  ["a = 'b", 4, "a string begins that has no end: ' was expected"],
  ['a = 1 /* b', 6, 'a comment begins that has no end: */ was expected'],
  ['a = #', 4, "a name, value or operator was expected, found '#'"],
  ['a != 1', 2, "a name, value or operator was expected, found '!'"],
  ['5', 0, 'a condition was expected, found a value'],
  ["a AND 'b'", 6, 'a condition was expected, found a value'],
  ['NOT (a + 1)', 4, 'a condition was expected, found a value'],
  ['a = NULL', 4, 'a value was expected: whether something is NULL is asked with IS NULL'],
  ['TRUE = 1', 7, 'TRUE or FALSE was expected'],
  ["a > 'b'", 4, 'a number was expected: texts and conditions have no order'],
  ['a > TRUE', 4, 'a number was expected: texts and conditions have no order'],
  ['a = 9223372036854775808', 4, 'a number was expected that a long can hold: -2^63 to 2^63-1'],
  ['a = 0xFFFFFFFFFFFFFFFFFFFF', 4, 'a number was expected that a long can hold: -2^63 to 2^63-1'],
  ["XPATH '//a'", 0, 'XPATH stands: selectors over the body of a message are not supported'],
  ["a AND xquery '//a'", 6, 'XQUERY stands: selectors over the body of a message are not supported'],
  ["REGEX('a', b)", 0, 'the function REGEX is called: functions are not supported'],
])('%s: at %i %s', (text, position, problem) => {
  const error = errorOf(text)
  expect(error.message).toBe(`Cannot read selector "${text}": at character ${position + 1} ${problem}`)
  expect(error.fields).toEqual({ position })
})

test('the position counts the prefix, and of a long text only the beginning is shown', () => {
  expect(errorOf('convert_string_expressions:a =').fields.position).toBe(30)
  expect(errorOf(`a = '${'x'.repeat(5000)}' b`).message.length).toBeLessThan(400)
})

test.each([
  ['brackets', (depth: number) => `${'('.repeat(depth)}a${')'.repeat(depth)}`],
  ['NOT', (depth: number) => `${'NOT '.repeat(depth)}a`],
  ['NOT in operands', (depth: number) => `a = ${'NOT '.repeat(depth)}a`],
  ['signs', (depth: number) => `a = ${'- '.repeat(depth)}1`],
  ['sums', (depth: number) => `a = 1${' + 1'.repeat(depth)}`],
  ['comparisons', (depth: number) => `a${' = a'.repeat(depth)}`],
])('%s are as deep as the limit allows, and no deeper', (_, make) => {
  expect(compile(make(maximumSelectorDepth - 3))()).toBe(false)
  for (const depth of [maximumSelectorDepth + 1, 5000])
    expect(errorOf(make(depth)).message).toContain('(limit maximumSelectorDepth)')
})

test('AND and OR in a row are one level', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `a = '${i}'`)
  expect(compile(many.join(' OR '), '999')()).toBe(true)
  expect(compile(many.join(' AND '), '999')()).toBe(false)
})

test('a selector is no longer than the limit', () => {
  const text = (length: number): string => `a = '${'x'.repeat(length - 6)}'`
  expect(compile(text(maximumSelectorLength))()).toBe(false)
  expect(errorOf(text(maximumSelectorLength + 1)).message).toContain('(limit maximumSelectorLength)')
})

test('what begins comments everywhere is read once', () => {
  expect(errorOf('--'.repeat(maximumSelectorLength / 2)).code).toBe('SELECTOR')
  expect(errorOf(`/*${'*'.repeat(maximumSelectorLength - 2)}`).code).toBe('SELECTOR')
})

test('joined texts do not grow without end', () => {
  const text = "'' + a + a + a = 'b'"
  expect(compile(`NOT (${text})`, 'x'.repeat(100))()).toBe(true)
  expect(compile(`NOT (${text})`, 'x'.repeat(maximumJoinedLength))()).toBe(false)
})

test('a pattern that fits nearly everywhere is given up, and counts as unknown', () => {
  const text = 'a'.repeat(2000)
  expect(new LikePattern(`%${'a_'.repeat(20)}b%`, null).matches(text)).toBe(false)
  expect(new LikePattern(`%${'a_'.repeat(500)}b%`, null).matches(text)).toBe(null)
})

test('any noise is a selector or a SelectorError', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom(
      "'",
      '(',
      ')',
      ' NOT ',
      ' AND ',
      ' IN ',
      ' LIKE ',
      'a',
      ' = ',
      '1',
      '0x',
      '.',
      '--',
      '/*',
      '*/',
      '\n',
      ' BETWEEN ',
      ' IS ',
      ' NULL',
    ),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        expect(typeof compile(parts.join(''), 'a')()).toBe('boolean')
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error
      }
    }),
  )
})

test('LIKE does what a regular expression of its parts would do', () => {
  const part = fc.constantFrom('%', '_', 'a', 'b', '😀', '!_', '!%', '!!')
  const word = fc.array(fc.constantFrom('a', 'b', '😀', '_', '%', '!'), { maxLength: 8 })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), word, (parts, letters) => {
      const expression = parts.map((it) => (it === '%' ? '.*' : it === '_' ? '.' : it.replace(/^!/, ''))).join('')
      const wanted = new RegExp(`^${expression}$`, 'su').test(letters.join(''))
      expect(new LikePattern(parts.join(''), '!').matches(letters.join(''))).toBe(wanted)
    }),
    { numRuns: 1000 },
  )
})
