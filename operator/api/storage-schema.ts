// spec.groups[].storage: where a group keeps its messages. What is fixed at creation is fixed because the messages
// are there.
import { z } from 'zod'
import { tablePrefix } from '../../broker/config/jdbc-schema.ts'
import { jdbcRules, leaseRules } from './rules/jdbc.ts'
import { celOf } from './rules/rule.ts'
import { claimTemplateRules, existingClaimRules, lockRules, sharedVolumeRules, storageRules } from './rules/storage.ts'
import { buildReplicatedSchema, buildZooKeeperSchema } from './replicated-schema.ts'
import { capacitySchema, durationSchema, listSet, objectNameSchema, secretKeySchema } from './schema-parts.ts'

const accessModes = ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] as const

const claimTemplateSchema = (path: string, defaultAccessMode: (typeof accessModes)[number]) =>
  z
    .strictObject({
      storageClassName: objectNameSchema
        .optional()
        .describe('StorageClass of the claim. Left out: the default class of the cluster. Cannot be changed.'),
      accessModes: z
        .array(z.enum(accessModes))
        .min(1)
        .max(3)
        .meta(listSet)
        .default([defaultAccessMode])
        .describe(`Access modes of the claim. Cannot be changed.`),
      resources: z
        .strictObject({
          requests: z
            .strictObject({
              storage: capacitySchema.describe(
                'Size, such as 20Gi. May grow if the StorageClass allows expansion; may never shrink.',
              ),
            })
            .describe('What the claim asks for.'),
        })
        .describe('Resources of the claim.'),
    })
    .meta(celOf(claimTemplateRules(path)))

/** `texts` say what each of them means there. */
const lockSchema = (path: string, texts: { readonly acquireInterval: string; readonly keepAlivePeriod: string }) =>
  z
    .strictObject({
      acquireInterval: durationSchema.default('250ms').describe(texts.acquireInterval),
      keepAlivePeriod: durationSchema.default('2s').describe(texts.keepAlivePeriod),
    })
    .meta(celOf(lockRules(path)))

const volumeSchema = z.strictObject({
  claimTemplate: claimTemplateSchema('storage.volume', 'ReadWriteOnce').describe(
    'The claim that is created for the member.',
  ),
})

const sharedVolumeSchema = z
  .strictObject({
    claimTemplate: claimTemplateSchema('storage.sharedVolume', 'ReadWriteMany')
      .optional()
      .describe('The claim <cluster>-<group>-data that is created for the group. Either this or existingClaim.'),
    existingClaim: z
      .strictObject({
        name: objectNameSchema.describe('Name of the claim, in the namespace of the cluster. Cannot be changed.'),
      })
      .meta(celOf(existingClaimRules))
      .optional()
      .describe('A claim that exists already. Either this or claimTemplate.'),
    lock: lockSchema('storage.sharedVolume', {
      acquireInterval: 'How often a standby tries for the lock: about how long a failover takes.',
      keepAlivePeriod: 'How often the active proves that it still holds the lock. It stops serving when it cannot.',
    })
      .prefault({})
      .describe('The lock on the shared volume that decides which member is active.'),
  })
  .meta(celOf(sharedVolumeRules))

const jdbcSchema = z
  .strictObject({
    secretRef: z
      .strictObject({ name: objectNameSchema.describe('Name of the Secret, in the namespace of the cluster.') })
      .describe(
        'Where the database is, and who may use it. Each member reads it anew for each connection: a changed user or password needs no restart.',
      ),
    keys: z
      .strictObject({
        url: secretKeySchema('the URL: jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…').default('url'),
        username: secretKeySchema('the user of the database').default('username'),
        password: secretKeySchema('the password of that user').default('password'),
        ca: secretKeySchema(
          'the certificates (PEM) of who may have signed that of the database. It need not be there: then what the URL says counts',
        ).default('ca.crt'),
      })
      .prefault({})
      .describe('What the Secret calls them.'),
    tablePrefix: tablePrefix
      .default('')
      .describe(
        "Before the names of all tables, so that several groups can share a database. Left out, the names are ActiveMQ's own, so that its database can be taken over. Cannot be changed.",
      ),
    createTables: z
      .boolean()
      .default(true)
      .describe('Makes the tables that are not there. The user of the database has to be allowed to.'),
    locker: z
      .enum(['Lease', 'Database'])
      .default('Lease')
      .describe(
        'What decides which member is active. Lease: a row that the active renews. Database: a row that the active keeps locked, over one connection that stays open.',
      ),
    lease: z
      .strictObject({
        duration: durationSchema
          .default('5s')
          .describe('How long the lease is had after it was renewed: how long a failover takes after a crash.'),
        renewInterval: durationSchema.default('1s').describe('How often the active renews it.'),
      })
      .meta(celOf(leaseRules))
      .prefault({})
      .describe('Of locker Lease.'),
    lock: lockSchema('storage.jdbc', {
      acquireInterval: 'How often a standby tries for the lock: how late it sees that nobody has it any more.',
      keepAlivePeriod:
        'Of locker Database: how often the active proves that it still holds the lock. It stops serving when it cannot.',
    })
      .prefault({})
      .describe('The lock in the database that decides which member is active.'),
  })
  .meta(celOf(jdbcRules))

const zookeeperSchema = buildZooKeeperSchema(
  claimTemplateSchema('storage.zookeeper', 'ReadWriteOnce').describe('The claim that is created for each member.'),
)
const replicatedSchema = buildReplicatedSchema(
  claimTemplateSchema('storage.replicated', 'ReadWriteOnce').describe('The claim that is created for each member.'),
)

const retention = (text: string) => z.enum(['Retain', 'Delete']).default('Retain').describe(text)
const retentionPolicySchema = z
  .strictObject({
    whenDeleted: retention('What happens to the claim when the cluster is deleted.'),
    whenScaled: retention('What happens to the claim when its group leaves the cluster.'),
  })
  .describe(
    'What happens to claims, and the messages in them, that are no longer used. Never applies to an existingClaim.',
  )

export const storageSchema = z
  .strictObject({
    type: z
      .enum(['None', 'Volume', 'SharedVolume', 'JDBC', 'ZooKeeper', 'Replicated'])
      .describe(
        'None: messages are in memory only and are lost with the member. Volume: one member with a volume of its own. SharedVolume: all members share one volume, and a lock on it decides which is active. JDBC: all members share a database, and a lock in it decides. ZooKeeper, Replicated: each member has a volume of its own with a copy, and a quorum of them decides, as ZooKeeper or a Lease of Kubernetes proposes. Cannot be changed.',
      ),
    volume: volumeSchema.optional().describe('Exactly with type Volume.'),
    sharedVolume: sharedVolumeSchema.optional().describe('Exactly with type SharedVolume.'),
    jdbc: jdbcSchema.optional().describe('Exactly with type JDBC.'),
    zookeeper: zookeeperSchema.optional().describe('Exactly with type ZooKeeper.'),
    replicated: replicatedSchema.optional().describe('Exactly with type Replicated.'),
    retentionPolicy: retentionPolicySchema.optional(),
  })
  .meta(celOf(storageRules))

export type StorageSpec = z.output<typeof storageSchema>
export type JdbcSpec = z.output<typeof jdbcSchema>
export type ZooKeeperSpec = z.output<typeof zookeeperSchema>
export type ReplicatedSpec = z.output<typeof replicatedSchema>
export type ClaimTemplate = z.output<ReturnType<typeof claimTemplateSchema>>
