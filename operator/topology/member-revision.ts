// The revision of a member: what it must be restarted for, as the user gave it. It says nothing of what this version of
// the operator makes of a spec, so that an upgrade of the operator restarts nothing. Which image a spec that names none
// comes to is decided in member-image.ts.
//
// For the same reason a field joins only where it differs from its default: whatever is added to the API later, with a
// default, is in no spec that exists anything else than that default, and changes no revision.
//
// The first release did not do so: it took some fields in with their defaults. They are listed, and stay as they were.
// A database counts as its Secret says, as far as running members do not read that anew by themselves (database.ts).
//
// Edges of a network count for the group that they lead from, because its members dial: it has a connector more or less, or
// one of other members than before. A broker reads its connectors when it starts, and only then.
import { buildBrokerClusterSchema, type JsonSchema } from '../api/crd.ts'
import type { BrokerClusterSpec, GroupSpec } from '../api/spec-schema.ts'
import { canonicalJson, contentHash } from './content-hash.ts'
import { announcedPorts } from './network-connectors.ts'
import type { KnownDatabase } from './database.ts'
import type { EdgePlan } from './plan.ts'

/** What a member is made from: where it stands in the spec or in the group, and the name that it is hashed under. */
const inputs: readonly {
  readonly name: string
  readonly of: 'spec' | 'group'
  readonly path: readonly string[]
  /** Fields that have an entry of their own. */
  readonly without?: readonly string[]
}[] = [
  // How an image is pulled changes nothing of a member that runs.
  { name: 'image', of: 'spec', path: ['image', 'reference'] },
  { name: 'memoryLimit', of: 'spec', path: ['broker', 'memoryLimit'] },
  { name: 'broker', of: 'spec', path: ['broker'], without: ['memoryLimit'] },
  { name: 'transportConnectors', of: 'spec', path: ['transportConnectors'] },
  { name: 'lock', of: 'group', path: ['storage', 'sharedVolume', 'lock'] },
  { name: 'jdbc', of: 'group', path: ['storage', 'jdbc'] },
  // A claim grows without a restart.
  { name: 'zookeeper', of: 'group', path: ['storage', 'zookeeper'], without: ['claimTemplate'] },
  { name: 'replicated', of: 'group', path: ['storage', 'replicated'], without: ['claimTemplate'] },
  { name: 'resources', of: 'group', path: ['resources'] },
  { name: 'scheduling', of: 'group', path: ['scheduling'] },
  { name: 'terminationGracePeriodSeconds', of: 'spec', path: ['terminationGracePeriodSeconds'] },
  { name: 'livenessProbe', of: 'spec', path: ['livenessProbe'] },
]

/** What the first release hashed with its default. Nothing is ever added here: that would restart every broker there is. */
const withDefault: ReadonlySet<string> = new Set([
  'image',
  'memoryLimit',
  'transportConnectors',
  'transportConnectors[].protocol',
  'transportConnectors[].maximumConnections',
  'transportConnectors[].maxFrameSize',
  'lock',
  'lock.acquireInterval',
  'lock.keepAlivePeriod',
  'resources',
  'scheduling',
  'scheduling.spread',
  'scheduling.strict',
  'terminationGracePeriodSeconds',
])

/** The schema of the spec, with the defaults that count as nothing said. */
const specJsonSchema: JsonSchema = buildBrokerClusterSchema().properties!['spec']!

/** Of every member of the group in a network of these edges. Another schema than the present one is for tests. */
export function memberRevision(
  spec: BrokerClusterSpec,
  group: GroupSpec,
  edges: readonly EdgePlan[] = [],
  database?: KnownDatabase,
  schema: JsonSchema = specJsonSchema,
): string {
  const values = { spec, group }
  const schemas = { spec: schema, group: schema.properties!['groupTemplate']! }
  const said: Record<string, unknown> = {}
  for (const { name, of, path, without = [] } of inputs) {
    const { value, schema: own } = find(values[of], schemas[of], path)
    const told = tell(leaveOut(value, without), own, name)
    if (isTold(told, own, name)) said[name] = told
  }
  if (edges.length > 0) said['network'] = tellNetwork(group.name, edges)
  if (database) said['database'] = database
  return contentHash(said)
}

/** Also a group from which none leads is told: in a network it has an id that lasts. */
const tellNetwork = (group: string, edges: readonly EdgePlan[]): object => ({
  edges: edges.filter(({ from }) => from === group).map(tellEdge),
  announced: announcedPorts(group, edges),
})

/** Hosts by their number: their names follow from the group's. */
const tellEdge = ({ hosts, ...rest }: EdgePlan): object => ({ ...rest, members: hosts.length })

function find(root: unknown, rootSchema: JsonSchema, path: readonly string[]): { value: unknown; schema: JsonSchema } {
  let value = root
  let schema = rootSchema
  for (const name of path) {
    value = (value as Record<string, unknown> | undefined)?.[name]
    schema = schema.properties?.[name] ?? {}
  }
  return { value, schema }
}

function leaveOut(value: unknown, names: readonly string[]): unknown {
  if (names.length === 0 || value === undefined) return value
  return Object.fromEntries(Object.entries(value as object).filter(([name]) => !names.includes(name)))
}

/** The value without those of its fields that say no more than their defaults. */
function tell(value: unknown, schema: JsonSchema, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => tell(item, schema.items ?? {}, `${path}[]`))
  if (typeof value !== 'object' || value === null) return value
  const told: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    const own = schema.properties?.[name] ?? schema.additionalProperties ?? {}
    const inner = tell(item, own, `${path}.${name}`)
    if (isTold(inner, own, `${path}.${name}`)) told[name] = inner
  }
  return told
}

function isTold(told: unknown, schema: JsonSchema, path: string): boolean {
  if (told === undefined) return false
  if (withDefault.has(path) || schema.default === undefined) return true
  return canonicalJson(told) !== canonicalJson(tell(schema.default, schema, path))
}
