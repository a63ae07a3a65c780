// spec.groups[].storage: where a group keeps its messages. What is fixed at creation is fixed because the messages
// are there.
import { z } from 'zod'
import { celOf } from './rules/rule.ts'
import { claimTemplateRules, existingClaimRules, lockRules, sharedVolumeRules, storageRules } from './rules/storage.ts'
import { capacitySchema, durationSchema, listSet, objectNameSchema } from './schema-parts.ts'

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

const lockSchema = z
  .strictObject({
    acquireInterval: durationSchema
      .default('250ms')
      .describe('How often a standby tries for the lock: about how long a failover takes.'),
    keepAlivePeriod: durationSchema
      .default('2s')
      .describe('How often the active proves that it still holds the lock. It stops serving when it cannot.'),
  })
  .meta(celOf(lockRules))

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
    lock: lockSchema.prefault({}).describe('The lock on the shared volume that decides which member is active.'),
  })
  .meta(celOf(sharedVolumeRules))

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
      .enum(['None', 'Volume', 'SharedVolume'])
      .describe(
        'None: messages are in memory only and are lost with the member. Volume: one member with a volume of its own. SharedVolume: all members share one volume, and a lock on it decides which is active. Cannot be changed.',
      ),
    volume: volumeSchema.optional().describe('Exactly with type Volume.'),
    sharedVolume: sharedVolumeSchema.optional().describe('Exactly with type SharedVolume.'),
    retentionPolicy: retentionPolicySchema.optional(),
  })
  .meta(celOf(storageRules))

export type StorageSpec = z.output<typeof storageSchema>
export type ClaimTemplate = z.output<ReturnType<typeof claimTemplateSchema>>
