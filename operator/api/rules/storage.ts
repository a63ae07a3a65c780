// Where a group keeps its messages: what belongs together, and what can never change because the messages are there. A
// change is seen by the API server, which has the spec from before; the operator holds the spec against what there is
// (topology/storage-change.ts).
import { moreThanNothing, type Rule, wrong } from './rule.ts'

interface StorageToCheck {
  readonly type: string
  readonly volume?: object | undefined
  readonly sharedVolume?: SharedVolumeToCheck | undefined
  readonly jdbc?: object | undefined
  readonly zookeeper?: object | undefined
  readonly replicated?: object | undefined
  readonly retentionPolicy?: { readonly whenDeleted: string; readonly whenScaled: string } | undefined
}

interface SharedVolumeToCheck {
  readonly claimTemplate?: object | undefined
  readonly existingClaim?: object | undefined
}

interface LockToCheck {
  readonly acquireInterval: string
  readonly keepAlivePeriod: string
}

/** Of `storage`. */
export const storageRules: readonly Rule<StorageToCheck>[] = [
  {
    cel: {
      rule: "(self.type == 'Volume') == has(self.volume)",
      message: 'storage.volume: required with storage.type Volume, and accepted only with it',
      fieldPath: '.volume',
    },
    check: ({ type, volume }) =>
      (type === 'Volume') === (volume !== undefined)
        ? undefined
        : wrong('.volume', volume, 'expected exactly with storage.type Volume'),
  },
  {
    cel: {
      rule: "(self.type == 'SharedVolume') == has(self.sharedVolume)",
      message: 'storage.sharedVolume: required with storage.type SharedVolume, and accepted only with it',
      fieldPath: '.sharedVolume',
    },
    check: ({ type, sharedVolume }) =>
      (type === 'SharedVolume') === (sharedVolume !== undefined)
        ? undefined
        : wrong('.sharedVolume', sharedVolume, 'expected exactly with storage.type SharedVolume'),
  },
  {
    cel: {
      rule: "(self.type == 'JDBC') == has(self.jdbc)",
      message: 'storage.jdbc: required with storage.type JDBC, and accepted only with it',
      fieldPath: '.jdbc',
    },
    check: ({ type, jdbc }) =>
      (type === 'JDBC') === (jdbc !== undefined)
        ? undefined
        : wrong('.jdbc', jdbc, 'expected exactly with storage.type JDBC'),
  },
  {
    cel: {
      rule: "(self.type == 'ZooKeeper') == has(self.zookeeper)",
      message: 'storage.zookeeper: required with storage.type ZooKeeper, and accepted only with it',
      fieldPath: '.zookeeper',
    },
    check: ({ type, zookeeper }) =>
      (type === 'ZooKeeper') === (zookeeper !== undefined)
        ? undefined
        : wrong('.zookeeper', zookeeper, 'expected exactly with storage.type ZooKeeper'),
  },
  {
    cel: {
      rule: "(self.type == 'Replicated') == has(self.replicated)",
      message: 'storage.replicated: required with storage.type Replicated, and accepted only with it',
      fieldPath: '.replicated',
    },
    check: ({ type, replicated }) =>
      (type === 'Replicated') === (replicated !== undefined)
        ? undefined
        : wrong('.replicated', replicated, 'expected exactly with storage.type Replicated'),
  },
  {
    cel: {
      rule: "!(self.type in ['None', 'JDBC']) || !has(self.retentionPolicy)",
      message:
        'storage.retentionPolicy: accepted only with a storage.type that has claims, None and JDBC have no claim',
      fieldPath: '.retentionPolicy',
    },
    check: ({ type, retentionPolicy }) =>
      hasNoClaim.has(type) && retentionPolicy
        ? wrong('.retentionPolicy', retentionPolicy, `expected nothing with storage.type ${type}, which has no claim`)
        : undefined,
  },
  {
    cel: {
      rule: "!has(self.retentionPolicy) || !has(self.sharedVolume) || !has(self.sharedVolume.existingClaim) || (self.retentionPolicy.whenDeleted == 'Retain' && self.retentionPolicy.whenScaled == 'Retain')",
      message: 'storage.retentionPolicy: an existingClaim is never deleted; accepted: Retain',
      fieldPath: '.retentionPolicy',
    },
    check: ({ retentionPolicy, sharedVolume }) =>
      sharedVolume?.existingClaim && retentionPolicy && Object.values(retentionPolicy).includes('Delete')
        ? wrong('.retentionPolicy', retentionPolicy, 'expected Retain: an existingClaim is never deleted')
        : undefined,
  },
  {
    cel: {
      rule: 'self.type == oldSelf.type',
      message:
        'storage.type: cannot be changed, the messages of the group are there; accepted: the type it was created with',
      fieldPath: '.type',
    },
  },
]

const hasNoClaim: ReadonlySet<string> = new Set(['None', 'JDBC'])

/** Of `storage.sharedVolume`. */
export const sharedVolumeRules: readonly Rule<SharedVolumeToCheck>[] = [
  {
    cel: {
      rule: 'has(self.claimTemplate) != has(self.existingClaim)',
      message: 'storage.sharedVolume: exactly one of claimTemplate and existingClaim must be given',
    },
    check: (sharedVolume) =>
      (sharedVolume.claimTemplate === undefined) === (sharedVolume.existingClaim === undefined)
        ? wrong('', sharedVolume, 'expected exactly one of claimTemplate and existingClaim')
        : undefined,
  },
  {
    cel: {
      rule: 'has(self.claimTemplate) == has(oldSelf.claimTemplate)',
      message:
        'storage.sharedVolume: cannot change between claimTemplate and existingClaim, the messages are on the volume; accepted: the one it was created with',
    },
  },
]

/** Of `storage.sharedVolume.existingClaim`. */
export const existingClaimRules: readonly Rule<never>[] = [
  {
    cel: {
      rule: 'self.name == oldSelf.name',
      message:
        'storage.sharedVolume.existingClaim.name: cannot be changed, the messages are on that volume; accepted: the name it had',
      fieldPath: '.name',
    },
  },
]

/** Of the claimTemplate below `path`, such as `storage.volume`. */
export const claimTemplateRules = (path: string): readonly Rule<never>[] => [
  {
    cel: {
      rule: 'self.accessModes == oldSelf.accessModes',
      message: `${path}.claimTemplate.accessModes: cannot be changed, the volume exists; accepted: the access modes it was created with`,
      fieldPath: '.accessModes',
    },
  },
  {
    cel: {
      rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
      message: `${path}.claimTemplate.storageClassName: cannot be changed, the volume exists; accepted: the class it was created with`,
      fieldPath: '.storageClassName',
    },
  },
  {
    cel: {
      rule: 'quantity(self.resources.requests.storage).compareTo(quantity(oldSelf.resources.requests.storage)) >= 0',
      message: `${path}.claimTemplate.resources.requests.storage: a volume cannot shrink; accepted: the size it has, or more`,
      fieldPath: '.resources.requests.storage',
    },
  },
]

/** Of the lock below `path`, which is `storage.sharedVolume` or `storage.jdbc`. */
export const lockRules = (path: string): readonly Rule<LockToCheck>[] => [
  {
    cel: {
      rule: "duration(self.acquireInterval) > duration('0s')",
      message: `${path}.lock.acquireInterval: must be more than 0s, such as 250ms`,
      fieldPath: '.acquireInterval',
    },
    check: ({ acquireInterval }) => moreThanNothing('.acquireInterval', acquireInterval, '250ms'),
  },
  {
    cel: {
      rule: "duration(self.keepAlivePeriod) > duration('0s')",
      message: `${path}.lock.keepAlivePeriod: must be more than 0s, such as 2s`,
      fieldPath: '.keepAlivePeriod',
    },
    check: ({ keepAlivePeriod }) => moreThanNothing('.keepAlivePeriod', keepAlivePeriod, '2s'),
  },
]
