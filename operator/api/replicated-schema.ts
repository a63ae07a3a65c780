// spec.groups[].storage.zookeeper and .replicated: each member has messages on a volume of its own, the active sends the others
// copies. They differ in what proposes who is active.
import { z } from 'zod'
import { maxZooKeeperAddressLength, maxZooKeeperPathLength } from './limits.ts'
import { bindPortRules, replicatedRules, replicationLeaseRules, zookeeperRules } from './rules/replicated.ts'
import { celOf } from './rules/rule.ts'
import { durationSchema, objectNameSchema, secretKeySchema } from './schema-parts.ts'

const secretKeyRef = (key: string, content: string) =>
  z.strictObject({
    name: objectNameSchema.describe('Name of the Secret, in the namespace of the cluster.'),
    key: secretKeySchema(content).default(key),
  })

const syncModes = ['LocalMem', 'LocalDisk', 'RemoteMem', 'RemoteDisk', 'QuorumMem', 'QuorumDisk'] as const

/** What both have. */
const replicationFields = {
  sync: z
    .enum(syncModes)
    .default('QuorumDisk')
    .describe(
      'What has happened to a message when its sender is answered. Local: the active has it. Remote, Quorum: so many others have it that a quorum does. Mem: in memory, which a loss of power takes. Disk: on disk. Only Quorum and Remote lose nothing with the active.',
    ),
  bindPort: z
    .int()
    .min(1)
    .max(65_535)
    .default(61_619)
    .describe('Port on which members reach each other. No transport connector may have it.'),
}

export const buildZooKeeperSchema = <Template extends z.ZodType>(claimTemplate: Template) =>
  z
    .strictObject({
      address: z
        .string()
        .min(1)
        .max(maxZooKeeperAddressLength)
        .regex(/^[^\s,/]+(,[^\s,/]+)*(\/[^\s,]*)?$/, {
          error: 'expected host:port, or several with commas between them, and perhaps a path behind the last one',
        })
        .optional()
        .describe(
          'The servers of ZooKeeper: host:port, with commas between them; a path behind the last one is the root of all others. Either this or addressSecretRef.',
        ),
      addressSecretRef: secretKeyRef('address', 'the address, as address has it')
        .optional()
        .describe('Where the address is, for whom it is a secret. Either this or address.'),
      path: z
        .string()
        .max(maxZooKeeperPathLength)
        .regex(/^(\/[-\w.:]+)+$/, { error: 'expected a path such as /flotilla/shop/orders/g0' })
        .optional()
        .describe(
          'Where the group keeps in ZooKeeper who is a member and who is active. Left out: /flotilla/<namespace>/<cluster>/<group>. Cannot be changed.',
        ),
      sessionTimeout: durationSchema
        .default('4s')
        .describe('When ZooKeeper takes a member that says nothing for gone: how long a failover takes after a crash.'),
      passwordSecretRef: secretKeyRef('password', 'the password of the members')
        .optional()
        .describe('With it, only members may read and write below path. Left out: everybody may.'),
      ...replicationFields,
      claimTemplate,
    })
    .meta(celOf([...zookeeperRules, ...bindPortRules('storage.zookeeper')]))

export const buildReplicatedSchema = <Template extends z.ZodType>(claimTemplate: Template) =>
  z
    .strictObject({
      lease: z
        .strictObject({
          duration: durationSchema
            .default('5s')
            .describe(
              'When a member that does not renew the Lease is taken for gone: how long a failover takes after a crash.',
            ),
          renewInterval: durationSchema.default('1s').describe('How often the active renews it.'),
        })
        .meta(celOf(replicationLeaseRules))
        .prefault({})
        .describe('The Lease <cluster>-<group> of Kubernetes, by which members find out who is to be active.'),
      ...replicationFields,
      claimTemplate,
    })
    .meta(celOf([...bindPortRules('storage.replicated'), ...replicatedRules]))
