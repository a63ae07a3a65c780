// Validates a configuration: all errors at once, each with its path, what was given and what is accepted.
import type { z } from 'zod'
import { forwardingCircles } from './forwarding-circles.ts'
import { fieldsAt, nearest } from './nearest-field.ts'
import { brokerConfigSchema, type BrokerConfig } from './schema.ts'

export interface ConfigProblem {
  /** `transportConnectors[0].port`; empty for the file as a whole. */
  readonly path: string
  /** JSON of the value found there, shortened; `nothing` when missing. */
  readonly given: string
  readonly accepted: string
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: BrokerConfig }
  | { readonly ok: false; readonly problems: ConfigProblem[] }

export function parseBrokerConfig(value: unknown): ParsedConfig {
  const parsed = brokerConfigSchema.safeParse(value)
  const problems = parsed.error?.issues.flatMap((issue) => problemsOf(issue, value, brokerConfigSchema)) ?? []
  // Also beside mistakes elsewhere: all at once.
  const connectors = brokerConfigSchema.shape.transportConnectors.safeParse(valueAt(value, ['transportConnectors']))
  if (connectors.success) problems.push(...duplicates(connectors.data))
  const networks = brokerConfigSchema.shape.networkConnectors.safeParse(valueAt(value, ['networkConnectors']))
  if (networks.success) problems.push(...sameNetworkNames(networks.data))
  if (parsed.success) problems.push(...circles(parsed.data.virtualDestinations ?? []))
  return parsed.success && problems.length === 0 ? { ok: true, config: parsed.data } : { ok: false, problems }
}

export const formatProblem = ({ path, given, accepted }: ConfigProblem): string =>
  `${path === '' ? 'configuration' : path}: got ${given}, ${accepted}`

/** An issue of any zod schema in the words of this project; `root` is the value that was parsed. */
export function problemsOf(issue: z.core.$ZodIssue, root: unknown, schema: z.core.$ZodType): ConfigProblem[] {
  const at = (path: readonly PropertyKey[], accepted: string): ConfigProblem => ({
    path: formatPath(path),
    given: isSecret(path.at(-1)) ? secret : show(valueAt(root, path)),
    accepted,
  })
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => at([...issue.path, key], noSuchField(key, fieldsAt(schema, issue.path))))
  return [at(issue.path, lowerFirst(issue.message.replace(/^(Invalid (input|option)|Too (big|small)): /, '')))]
}

function noSuchField(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return `there is no such field${meant === null ? '' : `; the nearest is ${meant}`}`
}

function duplicates(connectors: BrokerConfig['transportConnectors']): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const names = new Map<string, number>()
  const ports = new Map<number, number>()
  for (const [index, connector] of connectors.entries()) {
    const sameName = names.get(connector.name)
    const samePort = connector.port === 0 ? undefined : ports.get(connector.port)
    const path = `transportConnectors[${index}]`
    if (sameName !== undefined)
      problems.push({
        path: `${path}.name`,
        given: show(connector.name),
        accepted: `already used by transportConnectors[${sameName}]`,
      })
    if (samePort !== undefined)
      problems.push({
        path: `${path}.port`,
        given: show(connector.port),
        accepted: `already used by transportConnectors[${samePort}]`,
      })
    names.set(connector.name, index)
    ports.set(connector.port, index)
  }
  return problems
}

/** They would make the same client ids. */
function sameNetworkNames(connectors: BrokerConfig['networkConnectors']): ConfigProblem[] {
  const first = new Map<string, number>()
  return connectors.flatMap(({ name }, index) => {
    const same = first.get(name)
    if (same === undefined) first.set(name, index)
    const path = `networkConnectors[${index}].name`
    return same === undefined
      ? []
      : [{ path, given: show(name), accepted: `already used by networkConnectors[${same}]` }]
  })
}

const circles = (virtualDestinations: Parameters<typeof forwardingCircles>[0]): ConfigProblem[] =>
  forwardingCircles(virtualDestinations).map(({ at, given }) => ({
    path: `virtualDestinations${at}`,
    given: show(given),
    accepted: 'expected destinations from which nothing is forwarded back to its own name',
  }))

function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`
  return text
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part]
  return value
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value, (key, inner: unknown) => (isSecret(key) ? secret : inner)) ?? typeof value
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** What is wrong may be told, what it is may not. */
const secret = 'a secret'
const isSecret = (name: PropertyKey | undefined): boolean =>
  typeof name === 'string' && /(password|securityToken)$/i.test(name)

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)
