import { describe, expect, test } from '@jest/globals'
import { binaryLiteral, literal, literalList, textLiteral, withLiterals } from '../../../broker/sql/mysql-text.ts'

describe('literals', () => {
  test('numbers, nulls, flags and bytes', () => {
    expect([1.5, -7, Number.MAX_SAFE_INTEGER, null, true].map(literal)).toEqual([
      '1.5',
      '-7',
      '9007199254740991',
      'NULL',
      'true',
    ])
    expect(binaryLiteral(Buffer.from([0, 255]))).toBe("X'00ff'")
    expect(literal(Buffer.alloc(0))).toBe("X''")
    expect(() => literal(Number.NaN)).toThrow('Cannot write NaN as a number of SQL')
  })

  test('text that no sql_mode could read otherwise stands as it is, all other in hexadecimal digits', () => {
    expect(textLiteral('queue://Grüße 😀')).toBe("'queue://Grüße 😀'")
    expect(textLiteral("it's")).toBe("_utf8mb4 X'69742773'")
    for (const text of ['"', '\\', '\0', '\n', '\x1a', '\x7f']) expect(textLiteral(text)).toMatch(/^_utf8mb4 X'/)
  })

  test('lists for IN: of none, one that nothing is in', () => {
    expect(literalList([1, 'a'])).toBe("(1, 'a')")
    expect(literalList([])).toBe('(NULL)')
  })
})

describe('a statement with values in place of ?', () => {
  test('outside of quotes', () => {
    const text = 'SELECT ?, \'?\', `?`, "?" WHERE a = ?'
    expect(withLiterals(text, [1, '?'])).toBe("SELECT 1, '?', `?`, \"?\" WHERE a = '?'")
  })

  test('as many as there are', () => {
    expect(() => withLiterals('?', [])).toThrow('Cannot fill in the statement: it has more ? than its 0 values')
    expect(() => withLiterals('?', [1, 2])).toThrow('Cannot fill in the statement: it has 1 ?, and 2 values')
  })
})
