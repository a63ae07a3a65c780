import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JdbcOptions, type KnownOptions } from '../../../broker/sql/jdbc-options.ts'
import { parseJdbcUrl } from '../../../broker/sql/jdbc-url.ts'
import { knownMariadbOptions, knownMysqlOptions } from '../../../broker/sql/mysql/mysql-options.ts'
import { knownPostgresOptions } from '../../../broker/sql/postgres/postgres-options.ts'
import { root } from '../../support/source-files.ts'

const known: KnownOptions = {
  used: ['colour', 'size', 'on'],
  withoutEffect: ['inside'],
  refused: { outside: 'nobody can' },
}
const optionsOf = (query: string) => new JdbcOptions(parseJdbcUrl(`jdbc:postgresql://db/x?${query}`), known)

describe('values', () => {
  test('flags: a name alone is true', () => {
    expect(
      ['on', 'on=TRUE', 'on=1', 'on=yes', 'on=false', 'on=0', ''].map((query) => optionsOf(query).flag('on')),
    ).toEqual([true, true, true, true, false, false, undefined])
  })

  test('durations: 0 and nothing are without a limit', () => {
    expect(['size=2', 'size=0', 'size=', ''].map((query) => optionsOf(query).duration('size', 1000))).toEqual([
      2000,
      undefined,
      undefined,
      undefined,
    ])
    expect(() => optionsOf('size=100000').duration('size', 1000)).toThrow('expected whole seconds of at most a day')
  })

  test('choices, in any case', () => {
    expect(optionsOf('colour=RED').choice('colour', ['red', 'green'])).toBe('red')
    expect(() => optionsOf('colour=blue').choice('colour', ['red', 'green'])).toThrow('expected red, green, not "blue"')
  })
})

test('what is not known, or cannot be kept, is refused by its name', () => {
  expect(() => optionsOf('inside=1&size=2')).not.toThrow()
  expect(() => optionsOf('color=1')).toThrow('Cannot use option color of the JDBC URL: it is not known; colour is')
  expect(() => optionsOf('outside=1')).toThrow('Cannot use option outside of the JDBC URL: nobody can')
})

test('docs/jdbc-urls.md has all options, and each in one place of its kind', () => {
  const text = readFileSync(join(root, 'docs/jdbc-urls.md'), 'utf8')
  const [postgresql, mysql] = text.split('\n## MySQL and MariaDB\n') as [string, string]
  const named = (part: string) => new Set([...part.matchAll(/`(\w+)`/g)].map((match) => match[1]!.toLowerCase()))
  const missing = (part: string, { used, withoutEffect, refused }: KnownOptions) =>
    [...used, ...withoutEffect, ...Object.keys(refused)].filter((name) => !named(part).has(name.toLowerCase()))
  expect(missing(postgresql, knownPostgresOptions)).toEqual([])
  expect(missing(mysql, knownMysqlOptions)).toEqual([])
  expect(missing(mysql, knownMariadbOptions)).toEqual([])
})

test('no option has two effects', () => {
  for (const { used, withoutEffect, refused } of [knownPostgresOptions, knownMysqlOptions, knownMariadbOptions]) {
    const names = [...used, ...withoutEffect, ...Object.keys(refused)].map((name) => name.toLowerCase())
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  }
})
