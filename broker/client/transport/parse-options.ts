// Query options of connection URLs, from tables: each option has a type and a default, and what is not in the table is
// refused by name together with what is accepted.
import { FlotillaError } from '../../base/errors.ts'
import { nearestName } from '../../base/nearest-name.ts'

export interface OptionKind<T> {
  readonly fallback: T
  /** Null when the text is no such value. */
  readonly parse: (text: string) => T | null
  readonly accepts: string
}

type OptionTable = Readonly<Record<string, OptionKind<unknown>>>

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K]['fallback'] }

export class UrlError extends FlotillaError {
  constructor(message: string) {
    super('CONNECTION_URL', message)
  }
}

export const booleanOption = (fallback: boolean): OptionKind<boolean> => ({
  fallback,
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : null),
  accepts: 'true or false',
})

/** What a Java int holds, and a timer of Node's; more would mean something else on the way. */
const largestNumber = 2 ** 31 - 1

export const numberOption = (fallback: number, minimum: number, maximum = largestNumber): OptionKind<number> => ({
  fallback,
  parse: (text) => (/^-?\d+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum ? Number(text) : null),
  accepts: `a whole number from ${minimum} to ${maximum}`,
})

export const factorOption = (fallback: number): OptionKind<number> => ({
  fallback,
  parse: (text) => (/^\d+(\.\d+)?$/.test(text) && Number(text) >= 1 ? Number(text) : null),
  accepts: 'a number from 1',
})

export const textOption = (fallback: string | null): OptionKind<string | null> => ({
  fallback,
  parse: (text) => text,
  accepts: 'a text',
})

/** Where a list can be read. */
export const locationOption: OptionKind<string | null> = {
  fallback: null,
  parse: (text) => (/^(https?|file):/.test(text) || !/^[a-z][a-z0-9+.-]+:/i.test(text) ? text : null),
  accepts: 'a path, or a file:, http: or https: URL',
}

/** The values of `given`, defaults included. `place` names the part of the URL for errors. Throws UrlError. */
export function parseOptions<T extends OptionTable>(
  table: T,
  given: ReadonlyMap<string, string>,
  place: string,
  aliases: Readonly<Record<string, string>> = {},
): OptionValues<T> {
  const values: Record<string, unknown> = {}
  for (const [name, { fallback }] of Object.entries(table)) values[name] = fallback
  for (const [key, text] of given) {
    const name = aliases[key] ?? key
    const kind = table[name]
    if (!kind) throw unknownOption(key, place, [...Object.keys(table), ...Object.keys(aliases)])
    const value = kind.parse(text)
    if (value === null) throw new UrlError(`Cannot use option ${key}=${text} of ${place}: accepted is ${kind.accepts}`)
    values[name] = value
  }
  return values as OptionValues<T>
}

function unknownOption(key: string, place: string, known: readonly string[]): UrlError {
  const nearest = nearestName(key, known)
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`
  return new UrlError(`Cannot use option ${key} of ${place}: accepted are ${known.toSorted().join(', ')}${hint}`)
}

/** `a=1&b=2`, percent-encoding undone. Throws UrlError. */
export function parseQuery(query: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    if (equals <= 0) throw new UrlError(`Cannot use option ${pair}: options are written name=value`)
    try {
      options.set(decodeURIComponent(pair.slice(0, equals)), decodeURIComponent(pair.slice(equals + 1)))
    } catch {
      throw new UrlError(`Cannot use option ${pair}: its percent-encoding is broken`)
    }
  }
  return options
}

/** Takes the options that begin with `prefix` out of `options`; the prefix is cut off. */
export function takePrefixed(options: Map<string, string>, prefix: string): Map<string, string> {
  const taken = new Map<string, string>()
  for (const [name, value] of options) {
    if (!name.startsWith(prefix)) continue
    taken.set(name.slice(prefix.length), value)
    options.delete(name)
  }
  return taken
}
