// Binds PersistentVolumeClaims. The class `local` provisions a directory at once, whatever the access modes: every pod
// runs on this machine. Also binds to volumes made by hand (by volumeName, or first fit of the same class), follows a
// grown request, keeps a claim while a pod uses it (pvc-protection), and reclaims released volumes.
// Not here: volumeMode Block, data sources, capacity that is enforced.
import type { LocalObject, Registry } from '../api/registry.ts'
import { compareQuantities, parseQuantity, type Quantity } from '../base/quantity.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { isTerminal } from './pod-facts.ts'
import { keyOf, persistentVolumeClaims, persistentVolumes, pods, splitKey, storageClasses } from './resource-names.ts'
import type { VolumeDirectories } from './volume-directories.ts'

const provisioner = 'localkube/directory'
const defaultClassName = 'local'
const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class'
const protection = 'kubernetes.io/pvc-protection'
const nothing: Quantity = { nanos: 0n, format: 'decimal' }

interface ClaimContext extends ControllerContext {
  readonly directories: VolumeDirectories
}

export function startVolumeClaimController(base: ControllerContext, directories: VolumeDirectories): Stoppable {
  const context = { ...base, directories, events: base.events.as('persistentvolume-controller') }
  const { registry } = context
  const claims = runController(
    context,
    'persistentvolumeclaim',
    [
      { resource: persistentVolumeClaims, keysOf: (claim) => [keyOf(claim)] },
      { resource: pods, keysOf: claimKeysOfPod },
      { resource: storageClasses, keysOf: () => registry.list(persistentVolumeClaims).filter(isUnbound).map(keyOf) },
      { resource: persistentVolumes, keysOf: () => registry.list(persistentVolumeClaims).filter(isUnbound).map(keyOf) },
    ],
    (key) => reconcileClaim(context, key),
  )
  const volumes = runController(
    context,
    'persistentvolume',
    [
      { resource: persistentVolumes, keysOf: (volume) => [keyOf(volume)] },
      { resource: persistentVolumeClaims, keysOf: (claim) => volumeKeysOfClaim(claim) },
    ],
    (key) => reconcileVolume(context, key),
  )
  return {
    stop() {
      claims.stop()
      volumes.stop()
    },
  }
}

/** Creates the class `local`, default unless the user has made another one the default. */
export function ensureDefaultStorageClass(registry: Registry): void {
  if (registry.get(storageClasses, undefined, defaultClassName)) return
  registry.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: defaultClassName, annotations: { [defaultClassAnnotation]: 'true' } },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
  })
}

const isUnbound = (claim: LocalObject): boolean => claim['status']?.phase !== 'Bound'

function claimNamesOf(pod: LocalObject): string[] {
  const volumes: { persistentVolumeClaim?: { claimName: string } }[] = pod['spec'].volumes ?? []
  return volumes.flatMap((volume) => (volume.persistentVolumeClaim ? [volume.persistentVolumeClaim.claimName] : []))
}

const claimKeysOfPod = (pod: LocalObject): string[] =>
  claimNamesOf(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`)

const volumeKeysOfClaim = (claim: LocalObject): string[] =>
  claim['spec'].volumeName ? [`/${claim['spec'].volumeName}`] : []

function reconcileClaim(context: ClaimContext, key: string): undefined {
  const { namespace, name } = splitKey(key)
  const claim = context.registry.get(persistentVolumeClaims, namespace, name)
  if (!claim) return
  if (claim.metadata.deletionTimestamp) return releaseClaim(context, claim)
  if (!claim.metadata.finalizers?.includes(protection))
    context.registry.update(persistentVolumeClaims, namespace, name, (written) => {
      written.metadata.finalizers = [...(written.metadata.finalizers ?? []), protection]
    })
  if (isUnbound(claim)) bind(context, claim)
  else expand(context, claim)
}

function releaseClaim({ registry }: ClaimContext, claim: LocalObject): undefined {
  const { namespace, name } = claim.metadata
  if (!claim.metadata.finalizers?.includes(protection)) return
  const inUse = registry.list(pods, namespace).some((pod) => !isTerminal(pod) && claimNamesOf(pod).includes(name))
  if (inUse) return
  registry.update(persistentVolumeClaims, namespace, name, (written) => {
    written.metadata.finalizers = (written.metadata.finalizers ?? []).filter((finalizer) => finalizer !== protection)
  })
}

function bind(context: ClaimContext, claim: LocalObject): void {
  const { registry, events } = context
  const volume = findVolume(registry, claim) ?? provision(context, claim)
  if (!volume) return
  const { namespace, name, uid } = claim.metadata
  registry.update(persistentVolumes, undefined, volume.metadata.name, (written) => {
    written['spec'].claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid }
  })
  registry.update(persistentVolumeClaims, namespace, name, (written) => {
    written['spec'].volumeName = volume.metadata.name
    written['spec'].storageClassName ??= volume['spec'].storageClassName
    written['spec'].volumeMode ??= 'Filesystem'
    written.metadata.annotations = {
      ...written.metadata.annotations,
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    }
  })
  const { accessModes, capacity } = volume['spec']
  setClaimStatus(registry, claim, { phase: 'Bound', accessModes, capacity })
  setPhase(registry, volume, 'Bound')
  events.record(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volume.metadata.name}`)
}

function findVolume(registry: Registry, claim: LocalObject): LocalObject | undefined {
  const { spec } = claim
  const candidates = registry.list(persistentVolumes).filter((volume) => {
    const { claimRef, accessModes = [], capacity, storageClassName = '' } = volume['spec']
    if (claimRef?.uid === claim.metadata.uid) return true
    if (volume['status']?.phase === 'Released' || volume.metadata.deletionTimestamp) return false
    if (spec.volumeName && spec.volumeName !== volume.metadata.name) return false
    if (
      claimRef &&
      (claimRef.uid || claimRef.namespace !== claim.metadata.namespace || claimRef.name !== claim.metadata.name)
    )
      return false
    const modesFit = (spec.accessModes ?? []).every((mode: string) => accessModes.includes(mode))
    const sizeFits = compareQuantities(storageIn(capacity), storageIn(spec.resources?.requests)) >= 0
    return modesFit && sizeFits && storageClassName === (spec.storageClassName ?? defaultClassName)
  })
  const size = (volume: LocalObject) => storageIn(volume['spec'].capacity)
  return candidates.sort((a, b) => compareQuantities(size(a), size(b)))[0]
}

/** Nothing where no size is given; another one than a quantity was not admitted. */
const storageIn = (sizes: { readonly storage?: string } | undefined): Quantity =>
  parseQuantity(sizes?.storage ?? '0') ?? nothing

function provision({ registry, events, directories }: ClaimContext, claim: LocalObject): LocalObject | undefined {
  const storageClass = findClass(registry, claim)
  const refusal = refuse(claim, storageClass)
  if (refusal || !storageClass) {
    events.record(claim, 'Warning', refusal?.reason ?? 'ProvisioningFailed', refusal?.message ?? '')
    return undefined
  }
  const { namespace, name, uid } = claim.metadata
  const volumeName = `pvc-${uid}`
  const path = directories.create(`${volumeName}_${namespace}_${name}`)
  return registry.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: {
      capacity: { storage: claim['spec'].resources?.requests?.storage ?? '1Gi' },
      accessModes: claim['spec'].accessModes ?? ['ReadWriteOnce'],
      hostPath: { path, type: 'DirectoryOrCreate' },
      persistentVolumeReclaimPolicy: storageClass['reclaimPolicy'] ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
    },
  })
}

function findClass(registry: Registry, claim: LocalObject): LocalObject | undefined {
  const wanted: string | undefined = claim['spec'].storageClassName
  if (wanted !== undefined) return registry.get(storageClasses, undefined, wanted)
  return registry.list(storageClasses).find(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
}

function refuse(
  claim: LocalObject,
  storageClass: LocalObject | undefined,
): { reason: string; message: string } | undefined {
  const { storageClassName, volumeMode, volumeName } = claim['spec']
  if (volumeName) return { reason: 'FailedBinding', message: `volume "${volumeName}" does not exist or does not fit` }
  if (storageClassName === '' || (storageClassName === undefined && !storageClass)) {
    const message = 'no persistent volumes available for this claim and no storage class is set'
    return { reason: 'FailedBinding', message }
  }
  if (!storageClass) {
    const message = `storageclass.storage.k8s.io "${storageClassName}" not found; this stand-in provisions "${defaultClassName}"`
    return { reason: 'ProvisioningFailed', message }
  }
  if (storageClass['provisioner'] !== provisioner) {
    const message = `Cannot provision: storage class "${storageClass.metadata.name}" names provisioner "${storageClass['provisioner']}", the local stand-in has "${provisioner}" only`
    return { reason: 'ProvisioningFailed', message }
  }
  if (volumeMode === 'Block')
    return { reason: 'ProvisioningFailed', message: 'Cannot provision: the local stand-in has no block volumes' }
  return undefined
}

function expand({ registry }: ClaimContext, claim: LocalObject): void {
  const wanted: string | undefined = claim['spec'].resources?.requests?.storage
  const capacity: { readonly storage?: string } | undefined = claim['status']?.capacity
  if (wanted === undefined || capacity?.storage === undefined) return
  if (compareQuantities(storageIn({ storage: wanted }), storageIn(capacity)) <= 0) return
  registry.update(persistentVolumes, undefined, claim['spec'].volumeName, (volume) => {
    volume['spec'].capacity = { ...volume['spec'].capacity, storage: wanted }
  })
  setClaimStatus(registry, claim, { capacity: { ...claim['status'].capacity, storage: wanted } })
}

function setClaimStatus(registry: Registry, claim: LocalObject, status: Record<string, unknown>): void {
  registry.updateStatus(persistentVolumeClaims, claim.metadata.namespace, claim.metadata.name, (written) => {
    written['status'] = { ...written['status'], ...status }
  })
}

function setPhase(registry: Registry, volume: LocalObject, phase: string): undefined {
  if (volume['status']?.phase === phase) return undefined
  registry.updateStatus(persistentVolumes, undefined, volume.metadata.name, (written) => {
    written['status'] = { ...written['status'], phase }
  })
}

function reconcileVolume({ registry, directories }: ClaimContext, key: string): undefined {
  const volume = registry.get(persistentVolumes, undefined, splitKey(key).name)
  if (!volume) return undefined
  const { claimRef } = volume['spec']
  if (!claimRef?.uid) return setPhase(registry, volume, 'Available')
  const claim = registry.get(persistentVolumeClaims, claimRef.namespace, claimRef.name)
  if (claim?.metadata.uid === claimRef.uid) return undefined
  const ours = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner
  if (volume['spec'].persistentVolumeReclaimPolicy !== 'Delete' || !ours) return setPhase(registry, volume, 'Released')
  directories.remove(volume['spec'].hostPath.path)
  registry.delete(persistentVolumes, undefined, volume.metadata.name)
}
