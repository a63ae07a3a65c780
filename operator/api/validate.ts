// From the spec as it was stored to the spec with every default, or to all of its problems at once. The API server
// has checked most of it already; this also serves a CRD that is older or newer than the operator, and what no CEL
// rule can see. The rules themselves are in rules/, beside their CEL.
import type { ConfigProblem } from '../../broker/config/parse.ts'
import { problemsOf } from '../../broker/config/parse.ts'
import type { BrokerCluster } from './broker-cluster.ts'
import {
  deadLetterStrategyRules,
  destinationPolicyRules,
  filteredDestinationRules,
  forwardToRules,
  startupDestinationRules,
  subscriptionRecoveryPolicyRules,
  virtualDestinationListRules,
  virtualDestinationRules,
} from './rules/destinations.ts'
import { groupCountRules, groupRules } from './rules/groups.ts'
import { jdbcGroupRules, leaseRules } from './rules/jdbc.ts'
import { brokerRules, resourceRules } from './rules/members.ts'
import { nameRules } from './rules/names.ts'
import { connectorRules, edgeRules, networkGroupRules, networkRules, topologyRules } from './rules/network.ts'
import {
  bindPortRules,
  replicatedGroupRules,
  replicatedSpecRules,
  replicationLeaseRules,
  zookeeperRules,
} from './rules/replicated.ts'
import { type Finding, findingsAt, type Rule } from './rules/rule.ts'
import { lockRules, sharedVolumeRules, storageRules } from './rules/storage.ts'
import { transportConnectorListRules, transportConnectorRules } from './rules/transport-connectors.ts'
import { type BrokerClusterSpec, specSchema } from './spec-schema.ts'

/**
 * `path` begins with `spec.` or `metadata.`; `given` is JSON of what was found there; `accepted` says what would do.
 */
export type SpecProblem = ConfigProblem

type ParsedSpec =
  | { readonly ok: true; readonly spec: BrokerClusterSpec }
  | { readonly ok: false; readonly problems: SpecProblem[] }

export function parseSpec({ metadata, spec }: BrokerCluster): ParsedSpec {
  const parsed = specSchema.safeParse(spec)
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, spec, specSchema))
    return { ok: false, problems: problems.map((problem) => ({ ...problem, path: specPath(problem.path) })) }
  }
  const problems = [
    ...findingsAt(nameRules, { metadata, spec: parsed.data }, ''),
    ...findingsAt(groupCountRules, parsed.data, 'spec'),
    ...networkFindings(parsed.data),
    ...findingsAt(jdbcGroupRules, parsed.data, 'spec'),
    ...findingsAt(replicatedSpecRules, parsed.data, 'spec'),
    ...listedGroups(parsed.data).flatMap(([group, path]) => groupFindings(group, path)),
    ...findingsAt(brokerRules, parsed.data.broker, 'spec.broker'),
    ...destinationFindings(parsed.data.broker, 'spec.broker'),
    ...connectorFindings(parsed.data.transportConnectors, 'spec.transportConnectors'),
  ].map(asProblem)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, spec: parsed.data }
}

/** `spec.broker.memoryLimit: got "1k", expected at least 1Mi`. */
export const formatSpecProblem = ({ path, given, accepted }: SpecProblem): string =>
  `${path}: got ${given}, ${accepted}`

const specPath = (path: string): string => (path === '' ? 'spec' : `spec.${path}`)

const asProblem = ({ at, given, accepted }: Finding): SpecProblem => ({
  path: at,
  given: given === undefined ? 'nothing' : JSON.stringify(given),
  accepted,
})

type LockSpec = NonNullable<GroupFields['storage']['sharedVolume']>['lock']
type GroupFields = NonNullable<BrokerClusterSpec['groupTemplate']>

function listedGroups({ groups = [], groupTemplate }: BrokerClusterSpec): [group: GroupFields, path: string][] {
  const listed = groups.map((group, index): [GroupFields, string] => [group, `spec.groups[${index}]`])
  return groupTemplate ? [[groupTemplate, 'spec.groupTemplate'], ...listed] : listed
}

function groupFindings(group: GroupFields, path: string): Finding[] {
  const { storage, resources } = group
  const { sharedVolume, jdbc } = storage
  return [
    ...findingsAt(groupRules, group, path),
    ...findingsAt(replicatedGroupRules, group, path),
    ...findingsAt(storageRules, storage, `${path}.storage`),
    ...(sharedVolume ? findingsAt(sharedVolumeRules, sharedVolume, `${path}.storage.sharedVolume`) : []),
    ...(sharedVolume ? lockFindings(sharedVolume.lock, `${path}.storage`, 'sharedVolume') : []),
    ...(jdbc ? lockFindings(jdbc.lock, `${path}.storage`, 'jdbc') : []),
    ...(jdbc ? findingsAt(leaseRules, jdbc.lease, `${path}.storage.jdbc.lease`) : []),
    ...replicationFindings(storage, `${path}.storage`),
    ...findingsAt(resourceRules, resources, `${path}.resources`),
  ]
}

const lockFindings = (lock: LockSpec, path: string, of: 'sharedVolume' | 'jdbc'): Finding[] =>
  findingsAt(lockRules(`storage.${of}`), lock, `${path}.${of}.lock`)

const replicationFindings = ({ zookeeper, replicated }: GroupFields['storage'], path: string): Finding[] => [
  ...(zookeeper
    ? findingsAt([...zookeeperRules, ...bindPortRules('storage.zookeeper')], zookeeper, `${path}.zookeeper`)
    : []),
  ...(replicated ? findingsAt(bindPortRules('storage.replicated'), replicated, `${path}.replicated`) : []),
  ...(replicated ? findingsAt(replicationLeaseRules, replicated.lease, `${path}.replicated.lease`) : []),
]

function networkFindings(spec: BrokerClusterSpec): Finding[] {
  const { topology } = spec
  const { network } = topology
  const path = 'spec.topology.network'
  const found = [
    ...findingsAt(topologyRules, topology, 'spec.topology'),
    ...findingsAt(networkGroupRules, spec, 'spec'),
  ]
  if (!network) return found
  const { connectorDefaults, edges = [] } = network
  return [
    ...found,
    ...findingsAt(networkRules, network, path),
    ...(connectorDefaults ? findingsAt(connectorRules, connectorDefaults, `${path}.connectorDefaults`) : []),
    ...edges.flatMap((edge, index) => [
      ...findingsAt(edgeRules, edge, `${path}.edges[${index}]`),
      ...(edge.connector ? findingsAt(connectorRules, edge.connector, `${path}.edges[${index}].connector`) : []),
    ]),
  ]
}

function destinationFindings(broker: BrokerClusterSpec['broker'], path: string): Finding[] {
  const { startupDestinations, destinationPolicies, virtualDestinations = [] } = broker
  const each = (rules: readonly Rule<object>[], list: readonly object[], at: string): Finding[] =>
    list.flatMap((entry, index) => findingsAt(rules, entry, `${path}.${at}[${index}]`))
  return [
    ...each(startupDestinationRules, startupDestinations, 'startupDestinations'),
    ...each(destinationPolicyRules, destinationPolicies, 'destinationPolicies'),
    ...destinationPolicies.flatMap(({ deadLetterStrategy }, index) =>
      deadLetterStrategy
        ? findingsAt(
            deadLetterStrategyRules,
            deadLetterStrategy,
            `${path}.destinationPolicies[${index}].deadLetterStrategy`,
          )
        : [],
    ),
    ...destinationPolicies.flatMap(({ subscriptionRecoveryPolicy }, index) =>
      subscriptionRecoveryPolicy
        ? findingsAt(
            subscriptionRecoveryPolicyRules,
            subscriptionRecoveryPolicy,
            `${path}.destinationPolicies[${index}].subscriptionRecoveryPolicy`,
          )
        : [],
    ),
    ...each(virtualDestinationRules, virtualDestinations, 'virtualDestinations'),
    ...virtualDestinations.flatMap((given, index) =>
      (['compositeQueue', 'compositeTopic'] as const).flatMap((kind) =>
        forwardToFindings(given[kind]?.forwardTo ?? [], `${path}.virtualDestinations[${index}].${kind}.forwardTo`),
      ),
    ),
    ...findingsAt(virtualDestinationListRules, virtualDestinations, `${path}.virtualDestinations`),
  ]
}

type ForwardTo = NonNullable<
  NonNullable<BrokerClusterSpec['broker']['virtualDestinations']>[number]['compositeQueue']
>['forwardTo']

const forwardToFindings = (forwardTo: ForwardTo, path: string): Finding[] =>
  forwardTo.flatMap((target, index) => [
    ...findingsAt(forwardToRules, target, `${path}[${index}]`),
    ...(target.filteredDestination
      ? findingsAt(filteredDestinationRules, target.filteredDestination, `${path}[${index}].filteredDestination`)
      : []),
  ])

const connectorFindings = (connectors: BrokerClusterSpec['transportConnectors'], path: string): Finding[] => [
  ...connectors.flatMap((connector, index) => findingsAt(transportConnectorRules, connector, `${path}[${index}]`)),
  ...findingsAt(transportConnectorListRules, connectors, path),
]
