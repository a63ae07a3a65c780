// spec.groups[].storage: where a group keeps its messages. What is fixed at creation is fixed because the messages
// are there.
import { z } from 'zod'
import { capacitySchema, durationSchema, listSet, objectNameSchema, rules } from './schema-parts.ts'

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
    .meta(
      rules(
        {
          rule: 'self.accessModes == oldSelf.accessModes',
          message: `${path}.claimTemplate.accessModes: cannot be changed, the volume exists; accepted: the access modes it was created with`,
          fieldPath: '.accessModes',
        },
        {
          rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
          message: `${path}.claimTemplate.storageClassName: cannot be changed, the volume exists; accepted: the class it was created with`,
          fieldPath: '.storageClassName',
        },
        {
          rule: 'quantity(self.resources.requests.storage).compareTo(quantity(oldSelf.resources.requests.storage)) >= 0',
          message: `${path}.claimTemplate.resources.requests.storage: a volume cannot shrink; accepted: the size it has, or more`,
          fieldPath: '.resources.requests.storage',
        },
      ),
    )

const lockSchema = z
  .strictObject({
    acquireInterval: durationSchema
      .default('250ms')
      .describe('How often a standby tries for the lock: about how long a failover takes.'),
    keepAlivePeriod: durationSchema
      .default('2s')
      .describe('How often the active proves that it still holds the lock. It stops serving when it cannot.'),
  })
  .meta(
    rules(
      {
        rule: "duration(self.acquireInterval) > duration('0s')",
        message: 'storage.sharedVolume.lock.acquireInterval: must be more than 0s, such as 250ms',
        fieldPath: '.acquireInterval',
      },
      {
        rule: "duration(self.keepAlivePeriod) > duration('0s')",
        message: 'storage.sharedVolume.lock.keepAlivePeriod: must be more than 0s, such as 2s',
        fieldPath: '.keepAlivePeriod',
      },
    ),
  )

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
      .meta(
        rules({
          rule: 'self.name == oldSelf.name',
          message:
            'storage.sharedVolume.existingClaim.name: cannot be changed, the messages are on that volume; accepted: the name it had',
          fieldPath: '.name',
        }),
      )
      .optional()
      .describe('A claim that exists already. Either this or claimTemplate.'),
    lock: lockSchema.prefault({}).describe('The lock on the shared volume that decides which member is active.'),
  })
  .meta(
    rules(
      {
        rule: 'has(self.claimTemplate) != has(self.existingClaim)',
        message: 'storage.sharedVolume: exactly one of claimTemplate and existingClaim must be given',
      },
      {
        rule: 'has(self.claimTemplate) == has(oldSelf.claimTemplate)',
        message:
          'storage.sharedVolume: cannot change between claimTemplate and existingClaim, the messages are on the volume; accepted: the one it was created with',
      },
    ),
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
      .enum(['None', 'Volume', 'SharedVolume'])
      .describe(
        'None: messages are in memory only and are lost with the member. Volume: one member with a volume of its own. SharedVolume: all members share one volume, and a lock on it decides which is active. Cannot be changed.',
      ),
    volume: volumeSchema.optional().describe('Exactly with type Volume.'),
    sharedVolume: sharedVolumeSchema.optional().describe('Exactly with type SharedVolume.'),
    retentionPolicy: retentionPolicySchema.optional(),
  })
  .meta(
    rules(
      {
        rule: "(self.type == 'Volume') == has(self.volume)",
        message: 'storage.volume: required with storage.type Volume, and accepted only with it',
        fieldPath: '.volume',
      },
      {
        rule: "(self.type == 'SharedVolume') == has(self.sharedVolume)",
        message: 'storage.sharedVolume: required with storage.type SharedVolume, and accepted only with it',
        fieldPath: '.sharedVolume',
      },
      {
        rule: "self.type != 'None' || !has(self.retentionPolicy)",
        message: 'storage.retentionPolicy: accepted only with storage.type Volume or SharedVolume, None has no claim',
        fieldPath: '.retentionPolicy',
      },
      {
        rule: "!has(self.retentionPolicy) || !has(self.sharedVolume) || !has(self.sharedVolume.existingClaim) || (self.retentionPolicy.whenDeleted == 'Retain' && self.retentionPolicy.whenScaled == 'Retain')",
        message: 'storage.retentionPolicy: an existingClaim is never deleted; accepted: Retain',
        fieldPath: '.retentionPolicy',
      },
      {
        rule: 'self.type == oldSelf.type',
        message:
          'storage.type: cannot be changed, the messages of the group are there; accepted: the type it was created with',
        fieldPath: '.type',
      },
    ),
  )

export type StorageSpec = z.output<typeof storageSchema>
export type ClaimTemplate = z.output<ReturnType<typeof claimTemplateSchema>>
