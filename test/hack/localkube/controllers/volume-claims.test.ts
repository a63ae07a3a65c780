import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
} from '../../../../hack/localkube/controllers/resource-names.ts'
import {
  ensureDefaultStorageClass,
  startVolumeClaimController,
} from '../../../../hack/localkube/controllers/volume-claims.ts'
import { createVolumeDirectories } from '../../../../hack/localkube/controllers/volume-directories.ts'
import { ControlPlane } from '../control-plane.ts'

let plane: ControlPlane
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'volume-claims-'))
  plane = new ControlPlane((context) => startVolumeClaimController(context, createVolumeDirectories(root)))
  ensureDefaultStorageClass(plane.registry)
})
afterEach(() => {
  plane.stop()
  rmSync(root, { recursive: true, force: true })
})

async function createClaim(spec: Record<string, unknown> = {}): Promise<void> {
  plane.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'store' },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, ...spec },
  })
  await plane.settle()
}

const claim = () => plane.get(persistentVolumeClaims, 'store')
const volumes = () => plane.registry.list(persistentVolumes)

test('a claim of the default class gets a directory, whatever its access mode', async () => {
  await createClaim()
  expect(claim()).toMatchObject({
    metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
    spec: { storageClassName: 'local', volumeName: volumes()[0]!.metadata.name },
    status: { phase: 'Bound', accessModes: ['ReadWriteMany'], capacity: { storage: '1Gi' } },
  })
  expect(volumes()[0]).toMatchObject({ spec: { claimRef: { name: 'store' } }, status: { phase: 'Bound' } })
  expect(existsSync(volumes()[0]!['spec'].hostPath.path)).toBe(true)
})

test('a claim of an unknown class stays Pending, and an event says which classes there are', async () => {
  await createClaim({ storageClassName: 'fast' })
  expect(claim()!['status'].phase).toBe('Pending')
  expect(plane.eventsOf('store')).toEqual([
    'ProvisioningFailed: storageclass.storage.k8s.io "fast" not found; this stand-in provisions "local"',
  ])
})

test('a class of another provisioner is refused with its name', async () => {
  plane.registry.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'ebs.csi.aws.com',
  })
  await createClaim({ storageClassName: 'fast' })
  expect(plane.eventsOf('store').join()).toContain('names provisioner "ebs.csi.aws.com"')
})

test('a claim waits for its class to appear', async () => {
  await createClaim({ storageClassName: 'later' })
  plane.registry.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'later' },
    provisioner: 'localkube/directory',
    reclaimPolicy: 'Retain',
  })
  await plane.settle()
  expect(claim()!['status'].phase).toBe('Bound')
})

test('a volume made by hand is bound by a claim of its class', async () => {
  plane.registry.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'by-hand' },
    spec: {
      storageClassName: '',
      capacity: { storage: '5Gi' },
      accessModes: ['ReadWriteMany'],
      hostPath: { path: root },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  })
  await plane.settle()
  expect(volumes()[0]!['status'].phase).toBe('Available')
  await createClaim({ storageClassName: '' })
  expect(claim()).toMatchObject({ spec: { volumeName: 'by-hand' }, status: { phase: 'Bound' } })
})

test('a deleted claim stays while a pod uses it, then its directory goes', async () => {
  await createClaim()
  const { path } = volumes()[0]!['spec'].hostPath
  plane.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'user' },
    spec: {
      containers: [{ name: 'main', image: 'i' }],
      volumes: [{ name: 'store', persistentVolumeClaim: { claimName: 'store' } }],
    },
  })
  await plane.settle()
  plane.registry.delete(persistentVolumeClaims, 'default', 'store')
  await plane.settle()
  expect(claim()!.metadata.deletionTimestamp).toBeDefined()
  plane.finishDeletion('user')
  await plane.settle()
  expect([claim(), volumes(), existsSync(path)]).toEqual([undefined, [], false])
})

test('with reclaim policy Retain the volume and its directory stay', async () => {
  await createClaim()
  const { name } = volumes()[0]!.metadata
  plane.registry.update(persistentVolumes, undefined, name, (volume) => {
    volume['spec'].persistentVolumeReclaimPolicy = 'Retain'
  })
  plane.registry.delete(persistentVolumeClaims, 'default', 'store')
  await plane.settle()
  expect(volumes()[0]!['status'].phase).toBe('Released')
  expect(existsSync(volumes()[0]!['spec'].hostPath.path)).toBe(true)
})

test('a grown request is followed', async () => {
  await createClaim()
  plane.registry.update(persistentVolumeClaims, 'default', 'store', (written) => {
    written['spec'].resources.requests.storage = '2Gi'
  })
  await plane.settle()
  expect(claim()!['status'].capacity.storage).toBe('2Gi')
  expect(volumes()[0]!['spec'].capacity.storage).toBe('2Gi')
})

test('only directories below the root are ever removed', () => {
  expect(() => createVolumeDirectories(root).remove(join(root, '..', 'elsewhere'))).toThrow('it is not below')
  expect(() => createVolumeDirectories(root).remove(root)).toThrow('it is not below')
})
