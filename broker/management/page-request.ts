// Which page of an inventory is asked for: the parameters of a request, or what is wrong with them, all at once.
import { defaultPageItems, maxPageItems } from './limits.ts'

export interface PageRequest {
  /** The number of the last item seen; 0 = from the first. */
  readonly after: number
  readonly limit: number
}

export type ParsedPageRequest =
  | { readonly ok: true; readonly request: PageRequest }
  | { readonly ok: false; readonly problems: readonly string[] }

interface Parameter {
  readonly accepted: string
  readonly isAccepted: (value: number) => boolean
}

const parameters: Readonly<Record<string, Parameter>> = {
  limit: {
    accepted: `expected a whole number from 1 to ${maxPageItems}`,
    isAccepted: (value) => value >= 1 && value <= maxPageItems,
  },
  after: {
    accepted: 'expected the "next" of another page',
    isAccepted: (value) => Number.isSafeInteger(value),
  },
}

/** `query`: what stands behind the question mark. */
export function parsePageRequest(query: string): ParsedPageRequest {
  const given = new URLSearchParams(query)
  const problems = [...new Set(given.keys())].flatMap((name) => problemsOf(name, given.getAll(name)))
  if (problems.length > 0) return { ok: false, problems }
  const limit = Number(given.get('limit') ?? defaultPageItems)
  return { ok: true, request: { after: Number(given.get('after') ?? 0), limit } }
}

function problemsOf(name: string, values: readonly string[]): string[] {
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
  const got = `${shorten(name)}: got ${values.map(shorten).join(', ')}`
  if (!parameter) return [`${got}, there is no such parameter; accepted are ${Object.keys(parameters).join(', ')}`]
  if (values.length > 1) return [`${got}, expected it once`]
  const isAccepted = /^\d+$/.test(values[0]!) && parameter.isAccepted(Number(values[0]))
  return isAccepted ? [] : [`${got}, ${parameter.accepted}`]
}

const shorten = (text: string): string =>
  text === '' ? 'nothing' : text.length > 80 ? `${text.slice(0, 77)}...` : text
