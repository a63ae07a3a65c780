// How many groups and members there may be, and what members have to share.
import { type Rule, wrong } from './rule.ts'

interface GroupToCheck {
  readonly replicas: number
  readonly storage: {
    readonly type: string
    readonly sharedVolume?:
      | { readonly claimTemplate?: { readonly accessModes: readonly string[] } | undefined }
      | undefined
  }
}

interface SpecToCheck {
  readonly topology: { readonly type: string }
  readonly groups?: readonly GroupToCheck[] | undefined
  readonly groupTemplate?: GroupToCheck | undefined
  readonly groupCount?: number | undefined
}

const standalone = "self.topology.type != 'Standalone' || "
const masterSlave = "self.topology.type != 'MasterSlave' || "
const brokerCluster = "self.topology.type != 'BrokerCluster' || "
const combined = "self.topology.type != 'Combined' || "
const isOneGroup = (topology: string): boolean => ['Standalone', 'MasterSlave'].includes(topology)

/** Of the spec. */
export const groupCountRules: readonly Rule<SpecToCheck>[] = [
  {
    cel: {
      rule: 'has(self.groups) != has(self.groupTemplate)',
      message: 'spec: exactly one of groups and groupTemplate must be given',
    },
    check: ({ groups, groupTemplate }) =>
      (groups === undefined) === (groupTemplate === undefined)
        ? wrong('.groups', groups, 'expected exactly one of groups and groupTemplate')
        : undefined,
  },
  {
    cel: {
      rule: '!has(self.groupCount) || has(self.groupTemplate)',
      message: 'spec.groupCount: accepted only together with groupTemplate',
      fieldPath: '.groupCount',
    },
    check: ({ groupCount, groupTemplate }) =>
      groupCount !== undefined && !groupTemplate
        ? wrong('.groupCount', groupCount, 'accepted only together with groupTemplate')
        : undefined,
  },
  {
    // kubectl scale changes this field: who meant members is told where they are.
    cel: {
      rule: "!has(self.groupCount) || self.groupCount == 1 || !(self.topology.type in ['Standalone', 'MasterSlave'])",
      message:
        'spec.groupCount: topology.type Standalone and MasterSlave are one group; accepted: 1 (members are groupTemplate.replicas)',
      fieldPath: '.groupCount',
    },
    check: ({ groupCount = 1, topology: { type } }) =>
      groupCount !== 1 && isOneGroup(type)
        ? wrong('.groupCount', groupCount, `expected one group with topology.type ${type}`)
        : undefined,
  },
  {
    cel: {
      rule: `${standalone}!has(self.groups) || (size(self.groups) == 1 && self.groups[0].replicas == 1)`,
      message: 'spec.groups: topology.type Standalone is one group with replicas 1',
      fieldPath: '.groups',
    },
    check: ({ groups, topology: { type } }) => (type === 'Standalone' && groups ? oneGroup(groups, type) : undefined),
  },
  {
    cel: {
      rule: `${standalone}!has(self.groupTemplate) || self.groupTemplate.replicas == 1`,
      message: 'spec.groupTemplate.replicas: topology.type Standalone is one member; accepted: 1',
      fieldPath: '.groupTemplate.replicas',
    },
    check: ({ groupTemplate, topology: { type } }) =>
      type === 'Standalone' && groupTemplate ? membersOf(groupTemplate, '.groupTemplate', type) : undefined,
  },
  {
    cel: {
      rule: `${masterSlave}!has(self.groups) || (size(self.groups) == 1 && self.groups[0].replicas >= 2)`,
      message: 'spec.groups: topology.type MasterSlave is one group with replicas 2 or more',
      fieldPath: '.groups',
    },
    check: ({ groups, topology: { type } }) => (type === 'MasterSlave' && groups ? oneGroup(groups, type) : undefined),
  },
  {
    cel: {
      rule: `${masterSlave}!has(self.groupTemplate) || self.groupTemplate.replicas >= 2`,
      message:
        'spec.groupTemplate.replicas: topology.type MasterSlave is an active and its standbys; accepted: 2 or more',
      fieldPath: '.groupTemplate.replicas',
    },
    check: ({ groupTemplate, topology: { type } }) =>
      type === 'MasterSlave' && groupTemplate ? membersOf(groupTemplate, '.groupTemplate', type) : undefined,
  },
  {
    cel: {
      rule: "!(self.topology.type in ['BrokerCluster', 'Combined']) || !has(self.groupTemplate) || (has(self.groupCount) && self.groupCount >= 2)",
      message:
        'spec.groupCount: topology.type BrokerCluster and Combined are groups that are joined; accepted: 2 or more',
      fieldPath: '.groupCount',
    },
    check: ({ groupTemplate, groupCount = 1, topology: { type } }) =>
      isNetwork(type) && groupTemplate && groupCount < 2
        ? wrong('.groupCount', groupCount, `expected 2 or more with topology.type ${type}`)
        : undefined,
  },
  {
    cel: {
      rule: `${brokerCluster}!has(self.groups) || (size(self.groups) >= 2 && self.groups.all(group, group.replicas == 1))`,
      message:
        'spec.groups: topology.type BrokerCluster is two groups or more with replicas 1 each (Combined: also with standbys)',
      fieldPath: '.groups',
    },
    check: ({ groups, topology: { type } }) => {
      if (type !== 'BrokerCluster' || !groups) return undefined
      if (groups.length < 2)
        return wrong('.groups', groups.length, `expected two groups or more with topology.type ${type}`)
      const index = groups.findIndex(({ replicas }) => replicas > 1)
      const accepted = 'expected 1 with topology.type BrokerCluster; Combined has standbys'
      return index === -1 ? undefined : wrong(`.groups[${index}].replicas`, groups[index]!.replicas, accepted)
    },
  },
  {
    cel: {
      rule: `${brokerCluster}!has(self.groupTemplate) || self.groupTemplate.replicas == 1`,
      message:
        'spec.groupTemplate.replicas: topology.type BrokerCluster has no standbys; accepted: 1 (Combined: 2 or more)',
      fieldPath: '.groupTemplate.replicas',
    },
    check: ({ groupTemplate, topology: { type } }) =>
      type === 'BrokerCluster' && groupTemplate && groupTemplate.replicas !== 1
        ? wrong('.groupTemplate.replicas', groupTemplate.replicas, `expected 1 with topology.type ${type}`)
        : undefined,
  },
  {
    cel: {
      rule: `${combined}!has(self.groups) || (size(self.groups) >= 2 && self.groups.exists(group, group.replicas >= 2))`,
      message:
        'spec.groups: topology.type Combined is two groups or more, at least one of them with replicas 2 or more (BrokerCluster: none)',
      fieldPath: '.groups',
    },
    check: ({ groups, topology: { type } }) =>
      type !== 'Combined' || !groups || (groups.length >= 2 && groups.some(({ replicas }) => replicas >= 2))
        ? undefined
        : wrong(
            '.groups',
            groups.map(({ replicas }) => replicas),
            `expected two groups or more, one with replicas 2 or more, with topology.type ${type}`,
          ),
  },
  {
    cel: {
      rule: `${combined}!has(self.groupTemplate) || self.groupTemplate.replicas >= 2`,
      message:
        'spec.groupTemplate.replicas: topology.type Combined has standbys; accepted: 2 or more (BrokerCluster: 1)',
      fieldPath: '.groupTemplate.replicas',
    },
    check: ({ groupTemplate, topology: { type } }) =>
      type === 'Combined' && groupTemplate && groupTemplate.replicas < 2
        ? wrong('.groupTemplate.replicas', groupTemplate.replicas, `expected 2 or more with topology.type ${type}`)
        : undefined,
  },
]

const isNetwork = (topology: string): boolean => ['BrokerCluster', 'Combined'].includes(topology)

type OneGroupTopology = 'Standalone' | 'MasterSlave'

const oneGroup = (groups: readonly GroupToCheck[], topology: OneGroupTopology) =>
  groups.length === 1
    ? membersOf(groups[0]!, '.groups[0]', topology)
    : wrong('.groups', groups.length, `expected one group with topology.type ${topology}`)

function membersOf({ replicas }: GroupToCheck, at: string, topology: OneGroupTopology) {
  if (topology === 'Standalone' ? replicas === 1 : replicas >= 2) return undefined
  const accepted = topology === 'Standalone' ? '1' : '2 or more'
  return wrong(`${at}.replicas`, replicas, `expected ${accepted} with topology.type ${topology}`)
}

/** Of each group. */
export const groupRules: readonly Rule<GroupToCheck>[] = [
  {
    cel: {
      rule: "self.replicas == 1 || !(self.storage.type in ['None', 'Volume'])",
      message:
        'replicas: more than 1 needs storage.type SharedVolume, JDBC, ZooKeeper or Replicated; with None and Volume the members would share nothing, accepted: 1',
      fieldPath: '.replicas',
    },
    check: ({ replicas, storage: { type } }) =>
      replicas === 1 || (type !== 'None' && type !== 'Volume')
        ? undefined
        : wrong(
            '.storage.type',
            type,
            'expected SharedVolume, JDBC, ZooKeeper or Replicated when replicas is more than 1',
          ),
  },
  {
    cel: {
      rule: "self.replicas == 1 || !has(self.storage.sharedVolume) || !has(self.storage.sharedVolume.claimTemplate) || self.storage.sharedVolume.claimTemplate.accessModes.exists(mode, mode == 'ReadWriteMany')",
      message:
        'storage.sharedVolume.claimTemplate.accessModes: must contain ReadWriteMany when replicas is more than 1, the members mount it at the same time',
      fieldPath: '.storage.sharedVolume.claimTemplate.accessModes',
    },
    check: ({ replicas, storage }) => {
      const modes = storage.sharedVolume?.claimTemplate?.accessModes
      if (replicas === 1 || !modes || modes.includes('ReadWriteMany')) return undefined
      const at = '.storage.sharedVolume.claimTemplate.accessModes'
      return wrong(at, modes, 'expected ReadWriteMany among them when replicas is more than 1')
    },
  },
]
