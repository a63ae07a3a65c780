// Whom a request of the admin port says that a broker is to give its messages to, or what is wrong with it, all at once. Which URIs are
// accepted is for the broker to say.
import type { DrainRequest } from './contract.ts'
import { maxDrainTargets, maxUriLength } from './limits.ts'

export type ParsedDrainRequest =
  | { readonly ok: true; readonly request: DrainRequest }
  | { readonly ok: false; readonly problems: readonly string[] }

const example = '{"to": ["masterslave:(tcp://b:61616,tcp://c:61616)"]}'

/** `body`: of the request, as text. Nothing is guessed: clients are cut off for it. */
export function parseDrainRequest(body: string): ParsedDrainRequest {
  let given: unknown
  try {
    given = JSON.parse(body)
  } catch {
    return wrong([`the body: got ${shown(body)}, expected JSON as ${example}`])
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return wrong([`the body: got ${shown(given)}, expected an object as ${example}`])
  const { to, ...others } = given as { readonly to?: unknown }
  const problems = Object.keys(others).map(
    (name) => `${name.slice(0, longestShown)}: there is no such field; accepted is to`,
  )
  problems.push(...problemsOf(to))
  return problems.length > 0 ? wrong(problems) : { ok: true, request: { to: to as readonly string[] } }
}

const longestShown = 80

function problemsOf(to: unknown): string[] {
  if (!Array.isArray(to)) return [`to: got ${shown(to)}, expected a list of 1 to ${maxDrainTargets} URIs`]
  if (to.length === 0 || to.length > maxDrainTargets)
    return [`to: got ${to.length} URIs, expected 1 to ${maxDrainTargets}`]
  return to.flatMap((uri: unknown, index) => {
    if (typeof uri !== 'string') return [`to[${index}]: got ${shown(uri)}, expected a URI as a text`]
    if (uri.length <= maxUriLength) return []
    return [`to[${index}]: got ${uri.length} characters, expected at most ${maxUriLength}`]
  })
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'nothing'
  const text = JSON.stringify(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

const wrong = (problems: readonly string[]): ParsedDrainRequest => ({ ok: false, problems })
