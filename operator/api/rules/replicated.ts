// Groups whose members each have a copy: how many members make a quorum, which ports are taken, where in ZooKeeper a group is. Who
// is a member can never change: two quorums, one of the members before and one of those after, would both accept messages.
import { parseDuration } from '../../../broker/config/duration-and-size.ts'
import { adminPort, replicationPortName } from '../limits.ts'
import { moreThanNothing, type Rule, wrong } from './rule.ts'

interface LeaseToCheck {
  readonly duration: string
  readonly renewInterval: string
}

interface ZooKeeperToCheck {
  readonly address?: string | undefined
  readonly addressSecretRef?: { readonly name: string; readonly key: string } | undefined
  readonly path?: string | undefined
  readonly sessionTimeout: string
  readonly bindPort: number
}

interface GroupToCheck {
  readonly replicas: number
  readonly storage: {
    readonly type: string
    readonly zookeeper?: ZooKeeperToCheck | undefined
    readonly replicated?: { readonly bindPort: number } | undefined
  }
}

interface SpecToCheck {
  readonly groups?: readonly GroupToCheck[] | undefined
  readonly groupTemplate?: GroupToCheck | undefined
  readonly groupCount?: number | undefined
  readonly transportConnectors: readonly { readonly name: string; readonly port: number }[]
}

/** As the broker has it. */
const minReplicas = 3

/** Of each group. */
export const replicatedGroupRules: readonly Rule<GroupToCheck>[] = [
  {
    cel: {
      rule: `!(self.storage.type in ['ZooKeeper', 'Replicated']) || (self.replicas >= ${minReplicas} && self.replicas % 2 == 1)`,
      message:
        'replicas: with storage.type ZooKeeper and Replicated more than half of the members decide; accepted: 3, 5, 7 or 9',
      fieldPath: '.replicas',
    },
    check: ({ replicas, storage: { type } }) =>
      isReplicated(type) && (replicas < minReplicas || replicas % 2 === 0)
        ? wrong('.replicas', replicas, `expected 3, 5, 7 or 9 with storage.type ${type}: more than half of them decide`)
        : undefined,
  },
  {
    cel: {
      rule: "!(self.storage.type in ['ZooKeeper', 'Replicated']) || self.replicas == oldSelf.replicas",
      message:
        'replicas: cannot be changed with storage.type ZooKeeper and Replicated, another number has another quorum; accepted: the number it was created with',
      fieldPath: '.replicas',
    },
  },
]

const isReplicated = (type: string): boolean => type === 'ZooKeeper' || type === 'Replicated'

/** Of `storage.zookeeper`. */
export const zookeeperRules: readonly Rule<ZooKeeperToCheck>[] = [
  {
    cel: {
      rule: 'has(self.address) != has(self.addressSecretRef)',
      message: 'storage.zookeeper: exactly one of address and addressSecretRef must be given',
    },
    check: ({ address, addressSecretRef }) =>
      (address === undefined) === (addressSecretRef === undefined)
        ? wrong('.address', address, 'expected exactly one of address and addressSecretRef')
        : undefined,
  },
  {
    cel: {
      rule: 'has(self.path) == has(oldSelf.path) && (!has(self.path) || self.path == oldSelf.path)',
      message:
        'storage.zookeeper.path: cannot be changed, who is a member and who is active stands there; accepted: the path it was created with',
      fieldPath: '.path',
    },
  },
  {
    cel: {
      rule: "duration(self.sessionTimeout) >= duration('1s')",
      message: 'storage.zookeeper.sessionTimeout: must be 1s or more, such as 4s',
      fieldPath: '.sessionTimeout',
    },
    check: ({ sessionTimeout }) =>
      (parseDuration(sessionTimeout) ?? 0) >= 1000
        ? undefined
        : wrong('.sessionTimeout', sessionTimeout, 'expected 1s or more, such as 4s'),
  },
]

/** Of `storage.replicated.lease`. */
export const replicationLeaseRules: readonly Rule<LeaseToCheck>[] = [
  {
    cel: {
      rule: "duration(self.renewInterval) > duration('0s')",
      message: 'storage.replicated.lease.renewInterval: must be more than 0s, such as 1s',
      fieldPath: '.renewInterval',
    },
    check: ({ renewInterval }) => moreThanNothing('.renewInterval', renewInterval, '1s'),
  },
  {
    cel: {
      rule: 'duration(self.duration) > duration(self.renewInterval)',
      message:
        'storage.replicated.lease.duration: must be more than renewInterval, or the Lease ends before it is renewed; such as 5s with 1s',
      fieldPath: '.duration',
    },
    check: ({ duration, renewInterval }) =>
      (parseDuration(duration) ?? 0) > (parseDuration(renewInterval) ?? 0)
        ? undefined
        : wrong('.duration', duration, `expected more than renewInterval, which is ${renewInterval}`),
  },
]

/** Both ports, of a group at `group`. */
const portIsFree = (group: string, kind: 'zookeeper' | 'replicated'): string =>
  `!has(${group}.storage.${kind}) || !self.transportConnectors.exists(connector, connector.port == ${group}.storage.${kind}.bindPort || connector.name == '${replicationPortName}')`

const portMessage = `a transport connector has the bindPort of the store, or the name ${replicationPortName}; accepted: a port and a name of its own for each`

/** Of the spec. */
export const replicatedSpecRules: readonly Rule<SpecToCheck>[] = [
  ...(['zookeeper', 'replicated'] as const).map((kind): Rule<SpecToCheck> => ({
    cel: {
      rule: `!has(self.groupTemplate) || ${portIsFree('self.groupTemplate', kind)}`,
      message: `spec.groupTemplate.storage.${kind}.bindPort: ${portMessage}`,
      fieldPath: `.groupTemplate.storage.${kind}.bindPort`,
    },
    check: ({ groupTemplate, transportConnectors }) =>
      groupTemplate && takenPort(groupTemplate, '.groupTemplate', kind, transportConnectors),
  })),
  ...(['zookeeper', 'replicated'] as const).map((kind): Rule<SpecToCheck> => ({
    cel: {
      rule: `!has(self.groups) || self.groups.all(group, ${portIsFree('group', kind)})`,
      message: `spec.groups: storage.${kind}.bindPort: ${portMessage}`,
      fieldPath: '.groups',
    },
    check: ({ groups = [], transportConnectors }) =>
      groups.flatMap((group, index) => takenPort(group, `.groups[${index}]`, kind, transportConnectors) ?? []),
  })),
  {
    cel: {
      rule: '!has(self.groupTemplate) || !has(self.groupTemplate.storage.zookeeper) || !has(self.groupTemplate.storage.zookeeper.path) || !has(self.groupCount) || self.groupCount == 1',
      message:
        'spec.groupTemplate.storage.zookeeper.path: with groupCount above 1 all groups would have the same path; accepted: no path, then each group has its own',
      fieldPath: '.groupTemplate.storage.zookeeper.path',
    },
    check: ({ groupTemplate, groupCount = 1 }) => {
      const path = groupTemplate?.storage.zookeeper?.path
      return path !== undefined && groupCount !== 1
        ? wrong(
            '.groupTemplate.storage.zookeeper.path',
            path,
            'expected nothing: then each group has a path of its own',
          )
        : undefined
    },
  },
  {
    cel: {
      rule: '!has(self.groups) || self.groups.all(group, !has(group.storage.zookeeper) || !has(group.storage.zookeeper.path) || self.groups.exists_one(other, has(other.storage.zookeeper) && has(other.storage.zookeeper.path) && other.storage.zookeeper.path == group.storage.zookeeper.path))',
      message:
        'spec.groups: two groups have the same storage.zookeeper.path; accepted: a path of its own for each group',
      fieldPath: '.groups',
    },
    check: ({ groups = [] }) => {
      const paths = groups.map(({ storage: { zookeeper } }) => zookeeper?.path)
      const index = paths.findIndex((path, at) => path !== undefined && paths.indexOf(path) < at)
      if (index === -1) return undefined
      const accepted = `expected another one than that of groups[${paths.indexOf(paths[index])}]`
      return wrong(`.groups[${index}].storage.zookeeper.path`, paths[index], accepted)
    },
  },
]

/** The admin port is refused by a rule of its own. */
function takenPort(
  { storage }: GroupToCheck,
  at: string,
  kind: 'zookeeper' | 'replicated',
  connectors: SpecToCheck['transportConnectors'],
) {
  const port = storage[kind]?.bindPort
  const taken =
    port === undefined
      ? undefined
      : connectors.find((connector) => connector.port === port || connector.name === replicationPortName)
  return (
    taken &&
    wrong(
      `${at}.storage.${kind}.bindPort`,
      port,
      `expected another port and name than those of connector ${taken.name}`,
    )
  )
}

/** Of `storage.replicated`. In ZooKeeper members tell each other where they are. */
export const replicatedRules: readonly Rule<never>[] = [
  {
    cel: {
      rule: 'self.bindPort == oldSelf.bindPort',
      message:
        'storage.replicated.bindPort: cannot be changed, members that are restarted one by one would not find the others; accepted: the port it was created with',
      fieldPath: '.bindPort',
    },
  },
]

interface BindPortToCheck {
  readonly bindPort: number
}

/** Of `storage.zookeeper` and `storage.replicated`, which is `path`. */
export const bindPortRules = (path: string): readonly Rule<BindPortToCheck>[] => [
  {
    cel: {
      rule: `self.bindPort != ${adminPort}`,
      message: `${path}.bindPort: ${adminPort} is the broker's own admin port; accepted: any other from 1 to 65535`,
      fieldPath: '.bindPort',
    },
    check: ({ bindPort }) =>
      bindPort === adminPort
        ? wrong('.bindPort', bindPort, "expected any other: it is the broker's own admin port")
        : undefined,
  },
]
