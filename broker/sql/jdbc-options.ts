// The options of a JDBC URL against those that are known: what is unknown is refused by name, so that nobody believes in an option that does
// nothing; what only concerns the inside of a Java driver is accepted.
import { nearestName } from '../base/nearest-name.ts'
import type { JdbcUrl } from './jdbc-url.ts'
import { sqlLimits } from './limits.ts'
import { SqlError } from './sql-error.ts'

export interface KnownOptions {
  readonly used: readonly string[]
  /** Accepted: they concern the inside of the Java driver, or ask for what is done anyway. */
  readonly withoutEffect: readonly string[]
  /** With why. */
  readonly refused: Readonly<Record<string, string>>
}

export class JdbcOptions {
  readonly #values: ReadonlyMap<string, string>

  /** Values by the names that `known` gives them. MariaDB's driver takes names in any case, so MySQL's may have it, too. */
  constructor(url: JdbcUrl, known: KnownOptions) {
    const plain = (name: string): string => (url.driver === 'postgresql' ? name : name.toLowerCase())
    const names = new Map(
      [...known.used, ...known.withoutEffect, ...Object.keys(known.refused)].map((name) => [plain(name), name]),
    )
    const values = new Map<string, string>()
    for (const [given, value] of url.options) {
      const name = names.get(plain(given))
      if (name === undefined) throw unknownOption(given, [...names.values()])
      const reason = known.refused[name]
      if (reason !== undefined) throw badOption(name, reason)
      values.set(name, value)
    }
    this.#values = values
  }

  /** Undefined when it is not given, or empty. */
  text(name: string): string | undefined {
    return this.#values.get(name) || undefined
  }

  /** As the drivers of Java read it: without a value it is true. */
  flag(name: string): boolean | undefined {
    const value = this.#values.get(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (value === '' || value === 'true' || value === '1' || value === 'yes') return true
    if (value === 'false' || value === '0' || value === 'no') return false
    throw badOption(name, `expected true or false, not "${value}"`)
  }

  /** Milliseconds; undefined when it is not given, or 0, which is without limit. */
  duration(name: string, unitMs: number): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined || value === '') return undefined
    const ms = /^\d+$/.test(value) ? Number(value) * unitMs : Number.NaN
    if (!(ms <= sqlLimits.maxDurationMs))
      throw badOption(
        name,
        `expected whole ${unitMs === 1 ? 'milliseconds' : 'seconds'} of at most a day, not "${value}"`,
      )
    return ms === 0 ? undefined : ms
  }

  /** One of these, whatever the case. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase())
    if (found === undefined) throw badOption(name, `expected ${choices.join(', ')}, not "${value}"`)
    return found
  }
}

export const badOption = (name: string, reason: string): SqlError =>
  new SqlError('Invalid', `Cannot use option ${name} of the JDBC URL: ${reason}`)

function unknownOption(given: string, names: readonly string[]): SqlError {
  const meant = nearestName(given, names)
  return badOption(given, meant === null ? 'it is not known' : `it is not known; ${meant} is`)
}
