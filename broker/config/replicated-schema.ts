// The store that is copied between members: `store: {type: Replicated}` of the broker's file, with ActiveMQ's words for it. Members are found, and
// the active is proposed, either by ZooKeeper (zk…) or by a Lease of Kubernetes (lease, members).
import { z } from 'zod'
import { durationHint, parseDuration, parseSize, sizeHint } from './duration-and-size.ts'
import { lockDuration } from './lock-schema.ts'

const fewestReplicas = 3
const mostReplicas = 9

const path = z
  .string()
  .max(4096)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\x00-\x1f\x7f]+$/, { error: 'expected the path of a file' })
  .optional()

const secret = z.string().min(1).max(1024).optional()

const hostAndPortPattern = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\],]+):(\d{1,5})$/

function parseHostAndPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = hostAndPortPattern.exec(text) ?? []
  const port = Number(digits)
  return host === undefined || !(port <= 65_535) ? undefined : { host: host.replace(/^\[(.*)\]$/, '$1'), port }
}

/** Host and port of `tcp://host:port`, 0 is any free port; undefined: it is none. */
export const parseBind = (text: string): { readonly host: string; readonly port: number } | undefined =>
  text.startsWith('tcp://') ? parseHostAndPort(text.slice('tcp://'.length)) : undefined

const syncModeNames = ['local_mem', 'local_disk', 'remote_mem', 'remote_disk', 'quorum_mem', 'quorum_disk'] as const
type SyncModeName = (typeof syncModeNames)[number]

/** Of a list with commas; undefined: something in it is none. */
export function parseSyncModes(text: string): readonly SyncModeName[] | undefined {
  const modes = text.split(',').map((mode) => syncModeNames.find((name) => name === mode.trim()))
  return modes.includes(undefined) ? undefined : (modes as SyncModeName[])
}

const zkAddress = z
  .string()
  .max(4096)
  .regex(/^[^\s,/]+(,[^\s,/]+)*(\/[^\s,]*)?$/, {
    error: 'expected host:port, or several with commas between them, and perhaps a path behind the last one',
  })

const shortestSessionMs = 1000

/** Filled in at the end: whether they were given has to be known, because beside `lease` none may be. Without effect there. */
const zooKeeperDefaults = { zkAddress: '127.0.0.1:2181', zkPath: '/default', zkSessionTimeout: '4s' } as const

const zooKeeperFields = {
  /** Servers of ZooKeeper. A path behind the last one is the root of all others. */
  zkAddress: zkAddress.optional(),
  /** Counts instead of zkAddress when it is there. */
  zkAddressFile: path,
  /** Below it the group keeps who is a member and who is active: each group has its own. */
  zkPath: z
    .string()
    .max(1024)
    .regex(/^(\/[^/\s]+)+$/, { error: 'expected a path such as /flotilla/orders' })
    .optional(),
  zkPassword: secret,
  zkPasswordFile: path,
  zkSessionTimeout: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) >= shortestSessionMs, {
      error: `expected ${durationHint}, of at least 1s`,
    })
    .optional(),
  /** Left out: plain text. {}: TLS, with whom the system trusts. Certificate and key together show who this member is. */
  zkTls: z
    .strictObject({ caFile: path, certFile: path, keyFile: path })
    .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
      error: 'expected certFile and keyFile together, or neither',
    })
    .optional(),
}

const kubernetesName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: 'expected 1 to 63 small letters, digits or "-", first and last no "-"',
  })

const leaseSchema = z
  .strictObject({
    name: kubernetesName,
    namespace: kubernetesName,
    /** How long a member that says nothing is waited for. */
    duration: lockDuration.default('5s'),
    renewInterval: lockDuration.default('1s'),
  })
  .refine(({ duration, renewInterval }) => (parseDuration(duration) ?? 0) > (parseDuration(renewInterval) ?? 0), {
    path: ['duration'],
    error: 'expected more than renewInterval',
  })

const memberSchema = z.strictObject({
  /** As `--member` says it. */
  name: z
    .string()
    .max(253)
    .regex(/^[^\s,]+$/, { error: 'expected the name of a member, as --member says it' }),
  /** Where the others find its `bind`. */
  address: z.string().refine((text) => (parseHostAndPort(text)?.port ?? 0) > 0, { error: 'expected host:port' }),
})

type Given = Readonly<Record<string, unknown>>

const notBoth = (one: string, other: string): [(given: Given) => boolean, object] => [
  (given) => given[one] === undefined || given[other] === undefined,
  { path: [one], error: `expected either ${one} or ${other}` },
]

const size = z.string().refine((text) => parseSize(text) !== undefined, { error: `expected ${sizeHint}` })

export const replicatedStoreSchema = z
  .strictObject({
    type: z.literal('Replicated'),
    /** How many members there are: a quorum of them (replicas/2 + 1) has to be there. */
    replicas: z
      .int()
      .min(fewestReplicas, { error: `expected at least ${fewestReplicas}: of fewer none may be missing` })
      .max(mostReplicas)
      .refine((replicas) => replicas % 2 === 1, {
        error: 'expected an odd number: an even one survives no more failures than the odd one below it',
      })
      .default(3),
    /** Where this member listens for the others. */
    bind: z
      .string()
      .refine((text) => parseBind(text) !== undefined, { error: 'expected tcp://host:port' })
      .default('tcp://0.0.0.0:61619'),
    /** Name of this machine for the other members. Default: its own. */
    hostname: z.string().min(1).max(253).optional(),
    /** What an answer waits for; of a list the stronger of each. */
    sync: z
      .string()
      .refine((text) => parseSyncModes(text) !== undefined, {
        error: `expected one of ${syncModeNames.join(', ')}, or several with commas between them`,
      })
      .default('quorum_disk'),
    /** Of members that are as far as each other the one with the larger weight becomes the active. */
    weight: z.int().min(0).max(1_000_000).default(1),
    /** What all members know and strangers do not. */
    securityToken: secret,
    securityTokenFile: path,
    ...zooKeeperFields,
    /** Instead of ZooKeeper. */
    lease: leaseSchema.optional(),
    /** All of them, this one too: beside `lease`, which cannot tell who there is. */
    members: z.array(memberSchema).max(mostReplicas).optional(),
    /** Size at which a journal segment is closed and the next begun. */
    maxFileLength: size.default('32Mi'),
    concurrentStoreAndDispatchQueues: z.boolean().default(true),
    /** What the journal may take on each member's disk before senders of persistent messages wait: ActiveMQ's storeUsage. */
    limit: size.default('100Gi'),
  })
  .refine(...notBoth('securityToken', 'securityTokenFile'))
  .refine(...notBoth('zkAddress', 'zkAddressFile'))
  .refine(...notBoth('zkPassword', 'zkPasswordFile'))
  .refine(({ maxFileLength, limit }) => (parseSize(limit) ?? 0) >= 4 * (parseSize(maxFileLength) ?? 0), {
    path: ['limit'],
    error: 'expected at least 4 times maxFileLength, or no space would ever come back',
  })
  .superRefine((given, context) => {
    for (const { at, expected } of electionProblems(given))
      context.addIssue({ code: 'custom', path: [...at], message: expected })
  })
  .transform((given) => ({
    ...given,
    zkAddress: given.zkAddress ?? zooKeeperDefaults.zkAddress,
    zkPath: given.zkPath ?? zooKeeperDefaults.zkPath,
    zkSessionTimeout: given.zkSessionTimeout ?? zooKeeperDefaults.zkSessionTimeout,
  }))

interface Problem {
  readonly at: readonly PropertyKey[]
  readonly expected: string
}

interface ElectionFields {
  readonly replicas: number
  readonly lease?: unknown
  readonly members?: readonly { readonly name: string; readonly address: string }[] | undefined
}

function electionProblems(given: ElectionFields): readonly Problem[] {
  const { lease, members, replicas } = given
  if (lease === undefined)
    return members === undefined
      ? []
      : [{ at: ['members'], expected: 'expected only beside lease: ZooKeeper knows who is there' }]
  const ofZooKeeper = Object.keys(zooKeeperFields).filter((field) => (given as unknown as Given)[field] !== undefined)
  const both = ofZooKeeper.map((field) => ({ at: [field], expected: 'expected either lease or what begins with zk' }))
  if (members?.length !== replicas)
    return [...both, { at: ['members'], expected: `expected all ${replicas} members (replicas), this one too` }]
  return [...both, ...equalOnes(members, 'name'), ...equalOnes(members, 'address')]
}

const equalOnes = (members: NonNullable<ElectionFields['members']>, field: 'name' | 'address'): readonly Problem[] =>
  members.flatMap((member, index) => {
    const first = members.findIndex((other) => other[field] === member[field])
    return first === index ? [] : [{ at: ['members', index, field], expected: `already used by members[${first}]` }]
  })

/** Of a file with a list of members; undefined: this one is in it, or there is none. */
export const whyNotMember = (
  member: string,
  { members }: { readonly members?: readonly { readonly name: string }[] | undefined },
): string | undefined =>
  members === undefined || members.some(({ name }) => name === member)
    ? undefined
    : `Cannot be member ${member}: store.members has only ${members.map(({ name }) => name).join(', ')}. Start it with --member and one of them`
