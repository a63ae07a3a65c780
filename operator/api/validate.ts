// From the spec as it was stored to the spec with every default, or to all of its problems at once. The API server
// has checked most of it already; this also serves a CRD that is older or newer than the operator, and what no CEL
// rule can see.
import type { ConfigProblem } from '../../broker/config/parse.ts'
import { problemsOf } from '../../broker/config/parse.ts'
import { parseSize } from '../../broker/config/duration-and-size.ts'
import type { BrokerCluster } from './broker-cluster.ts'
import { type BrokerClusterSpec, specSchema } from './spec-schema.ts'

/** `path` begins with `spec.`; `given` is JSON of what was found there; `accepted` says what would do. */
export type SpecProblem = ConfigProblem

type ParsedSpec =
  | { readonly ok: true; readonly spec: BrokerClusterSpec }
  | { readonly ok: false; readonly problems: SpecProblem[] }

export function parseSpec(cluster: BrokerCluster): ParsedSpec {
  const parsed = specSchema.safeParse(cluster.spec)
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, cluster.spec))
    return { ok: false, problems: problems.map((problem) => ({ ...problem, path: specPath(problem.path) })) }
  }
  const problems = crossFieldProblems(parsed.data)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, spec: parsed.data }
}

/** `spec.broker.memoryLimit: got "1k", expected at least 1Mi`. */
export const formatSpecProblem = ({ path, given, accepted }: SpecProblem): string =>
  `${path}: got ${given}, ${accepted}`

const specPath = (path: string): string => (path === '' ? 'spec' : `spec.${path}`)

/** What holds between fields, or is arithmetic on text that the API server cannot do. */
function crossFieldProblems(spec: BrokerClusterSpec): SpecProblem[] {
  return [...groupProblems(spec), ...sizeProblems(spec), ...resourceProblems(spec), ...connectorProblems(spec)]
}

const problem = (path: string, given: unknown, accepted: string): SpecProblem => ({
  path,
  given: given === undefined ? 'nothing' : JSON.stringify(given),
  accepted,
})

/** The rules of the CRD once more, for an API server whose CRD does not have them. */
function groupProblems(spec: BrokerClusterSpec): SpecProblem[] {
  const { groups, groupTemplate, groupCount = 1, topology } = spec
  if ((groups === undefined) === (groupTemplate === undefined))
    return [problem('spec.groups', groups, 'expected exactly one of groups and groupTemplate')]
  const listed = groups ?? [groupTemplate!]
  const base = groups ? 'spec.groups' : 'spec.groupTemplate'
  const count = groups ? groups.length : groupCount
  if (count !== 1)
    return [problem(groups ? base : 'spec.groupCount', count, `expected one group with topology.type ${topology.type}`)]
  const [group] = listed
  const path = groups ? `${base}[0]` : base
  const problems: SpecProblem[] = []
  if (topology.type === 'Standalone' && group!.replicas !== 1)
    problems.push(problem(`${path}.replicas`, group!.replicas, 'expected 1 with topology.type Standalone'))
  if (topology.type === 'MasterSlave' && group!.replicas < 2)
    problems.push(problem(`${path}.replicas`, group!.replicas, 'expected 2 or more with topology.type MasterSlave'))
  const { type, volume, sharedVolume } = group!.storage
  if ((type === 'Volume') !== (volume !== undefined))
    problems.push(problem(`${path}.storage.volume`, volume, 'expected exactly with storage.type Volume'))
  if ((type === 'SharedVolume') !== (sharedVolume !== undefined))
    problems.push(
      problem(`${path}.storage.sharedVolume`, sharedVolume, 'expected exactly with storage.type SharedVolume'),
    )
  if (group!.replicas > 1 && type !== 'SharedVolume')
    problems.push(problem(`${path}.storage.type`, type, 'expected SharedVolume when replicas is more than 1'))
  if (sharedVolume && (sharedVolume.claimTemplate === undefined) === (sharedVolume.existingClaim === undefined))
    problems.push(
      problem(`${path}.storage.sharedVolume`, sharedVolume, 'expected exactly one of claimTemplate and existingClaim'),
    )
  return problems
}

function sizeProblems(spec: BrokerClusterSpec): SpecProblem[] {
  const problems: SpecProblem[] = []
  const { memoryLimit } = spec.broker
  if (!memoryLimit.endsWith('%') && (parseSize(memoryLimit) ?? 0) < 2 ** 20)
    problems.push(problem('spec.broker.memoryLimit', memoryLimit, 'expected at least 1Mi, or 1% to 90%'))
  for (const [index, { maxFrameSize }] of spec.transportConnectors.entries())
    if ((parseSize(maxFrameSize) ?? 0) < 1024 || parseSize(maxFrameSize)! > 2 ** 31 - 1)
      problems.push(
        problem(`spec.transportConnectors[${index}].maxFrameSize`, maxFrameSize, 'expected 1Ki to less than 2Gi'),
      )
  return problems
}

/** Kubernetes would refuse the pod, again and again, where nobody looks. */
function resourceProblems(spec: BrokerClusterSpec): SpecProblem[] {
  const listed = spec.groups ?? [spec.groupTemplate!]
  return listed.flatMap(({ resources }, index) => {
    const path = spec.groups ? `spec.groups[${index}].resources` : 'spec.groupTemplate.resources'
    return (['cpu', 'memory', 'ephemeral-storage'] as const).flatMap((name) => {
      const [request, limit] = [resources.requests?.[name], resources.limits?.[name]]
      if (request === undefined || limit === undefined || parseQuantity(request) <= parseQuantity(limit)) return []
      return [problem(`${path}.requests.${name}`, request, `expected at most the limit, ${limit}`)]
    })
  })
}

function connectorProblems(spec: BrokerClusterSpec): SpecProblem[] {
  const ports = new Map<number, number>()
  return spec.transportConnectors.flatMap(({ port }, index) => {
    const other = ports.get(port)
    ports.set(port, index)
    if (other === undefined) return []
    return [problem(`spec.transportConnectors[${index}].port`, port, `already used by transportConnectors[${other}]`)]
  })
}

const unit: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Kubernetes quantity as a number (`500m` is 0.5); NaN if it is none. */
export function parseQuantity(quantity: string | number): number {
  const match = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(String(quantity))
  return match ? Number(match[1]) * (match[2] === undefined ? 1 : unit[match[2]]!) : Number.NaN
}
