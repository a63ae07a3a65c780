import { afterEach, expect, test } from '@jest/globals'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { samePodNameAfterMs } from '../../../../hack/localkube/controllers/limits.ts'
import { startGarbageCollector } from '../../../../hack/localkube/controllers/garbage-collector.ts'
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../../../hack/localkube/controllers/resource-names.ts'
import { startStatefulSetController } from '../../../../hack/localkube/controllers/stateful-set.ts'
import { ControlPlane, podTemplate } from '../control-plane.ts'

let plane: ControlPlane
afterEach(() => plane.stop())

function createSet(spec: Record<string, unknown> = {}): void {
  plane = new ControlPlane(startStatefulSetController)
  plane.create(statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: podTemplate({ app: 'web' }),
      ...spec,
    },
  })
}

const claimTemplate = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const status = () => plane.get(statefulSets, 'web')!['status']
const changeSpec = (change: (spec: LocalObject) => void) =>
  plane.registry.update(statefulSets, 'default', 'web', (set) => change(set['spec']))
const imageOf = (name: string) => plane.pod(name)['spec'].containers[0].image
const setImage = (image: string) => changeSpec((spec) => (spec['template'].spec.containers[0].image = image))
/** The kubelet has ended a pod, and the next one of its name has come. */
async function replaced(name: string): Promise<void> {
  plane.finishDeletion(name)
  await plane.settle()
  await plane.advance(samePodNameAfterMs)
}
const isLeaving = (name: string) => plane.pod(name).metadata.deletionTimestamp !== undefined

test('a Parallel set gets all its pods and claims at once, named and labelled by ordinal', async () => {
  createSet({ podManagementPolicy: 'Parallel', volumeClaimTemplates: [claimTemplate] })
  await plane.settle()
  expect(plane.names(pods)).toEqual(['web-0', 'web-1', 'web-2'])
  expect(plane.names(persistentVolumeClaims)).toEqual(['data-web-0', 'data-web-1', 'data-web-2'])
  const pod = plane.pod('web-1')
  expect(pod.metadata.labels).toMatchObject({
    app: 'web',
    'statefulset.kubernetes.io/pod-name': 'web-1',
    'apps.kubernetes.io/pod-index': '1',
    'controller-revision-hash': status().updateRevision,
  })
  expect(pod['spec']).toMatchObject({
    hostname: 'web-1',
    subdomain: 'web',
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }],
  })
  expect(pod.metadata.generateName).toBe('web-')
  expect(plane.eventsOf('web')).toContain('SuccessfulCreate: Create Pod web-1 in StatefulSet web successful')
})

test('a revision carries the labels of the pods, its own hash, and the annotations of the set', async () => {
  plane = new ControlPlane(startStatefulSetController)
  plane.create(statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', annotations: { note: 'first' } },
    spec: { serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: podTemplate({ app: 'web' }) },
  })
  await plane.settle()
  const { name, labels, annotations } = plane.registry.list(controllerRevisions)[0]!.metadata
  expect(labels).toEqual({ app: 'web', 'controller.kubernetes.io/hash': name.slice('web-'.length) })
  expect(annotations).toEqual({ note: 'first' })
})

test('an OrderedReady set gets its next pod when the one before is ready', async () => {
  createSet()
  await plane.settle()
  expect(plane.names(pods)).toEqual(['web-0'])
  plane.setPod('web-0', { ready: false })
  await plane.settle()
  expect(plane.names(pods)).toEqual(['web-0'])
  plane.setPod('web-0', { ready: true })
  await plane.settle()
  expect(plane.names(pods)).toEqual(['web-0', 'web-1'])
})

test('the status counts, and the set is quiet once it says so', async () => {
  createSet({ podManagementPolicy: 'Parallel' })
  await plane.settle()
  for (const name of ['web-0', 'web-1']) plane.setPod(name, {})
  plane.setPod('web-2', { ready: false })
  await plane.settle()
  expect(status()).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 2,
    availableReplicas: 2,
    currentReplicas: 3,
    updatedReplicas: 3,
    collisionCount: 0,
  })
  const { writes } = plane
  await plane.advance(600_000)
  expect(plane.writes - writes).toBe(0)
  expect(plane.warnings).toEqual([])
})

test('a pod counts as available only after minReadySeconds', async () => {
  createSet({ replicas: 1, minReadySeconds: 10 })
  await plane.settle()
  plane.setPod('web-0', {})
  await plane.settle()
  expect(status()).toMatchObject({ readyReplicas: 1, availableReplicas: 0 })
  await plane.advance(10_000)
  expect(status()).toMatchObject({ readyReplicas: 1, availableReplicas: 1 })
})

test('deleted and failed pods come back under the same name', async () => {
  createSet({ podManagementPolicy: 'Parallel', replicas: 2 })
  await plane.settle()
  const before = [plane.pod('web-0').metadata.uid, plane.pod('web-1').metadata.uid]
  plane.setPod('web-0', { phase: 'Failed', ready: false })
  await replaced('web-1')
  expect(plane.names(pods)).toEqual(['web-0', 'web-1'])
  expect(before).not.toContain(plane.pod('web-0').metadata.uid)
  expect(before).not.toContain(plane.pod('web-1').metadata.uid)
})

// kubectl 1.32 waits for ever when the pod that it looks at first is a new one of the same name; 1.36 compares uids.
test('a name stays free for a while, so that who deleted the pod sees that it has gone', async () => {
  createSet({ podManagementPolicy: 'Parallel', replicas: 2 })
  await plane.settle()
  plane.finishDeletion('web-1')
  // Whatever else makes the controller look meanwhile.
  changeSpec((spec) => (spec['minReadySeconds'] = 1))
  await plane.settle()
  await plane.advance(samePodNameAfterMs - 1)
  expect(plane.names(pods)).toEqual(['web-0'])
  await plane.advance(1)
  expect(plane.names(pods)).toEqual(['web-0', 'web-1'])
})

test('scaling down takes the highest ordinals, one after the other if ordered, and keeps the claims', async () => {
  createSet({ volumeClaimTemplates: [claimTemplate] })
  for (const name of ['web-0', 'web-1', 'web-2']) {
    await plane.settle()
    plane.setPod(name, {})
  }
  await plane.settle()
  changeSpec((spec) => (spec['replicas'] = 1))
  await plane.settle()
  expect([isLeaving('web-2'), isLeaving('web-1')]).toEqual([true, false])
  await replaced('web-2')
  expect(isLeaving('web-1')).toBe(true)
  await replaced('web-1')
  expect(plane.names(pods)).toEqual(['web-0'])
  expect(plane.names(persistentVolumeClaims)).toHaveLength(3)
})

test('OnDelete leaves running pods alone; a pod that is deleted comes back with the new template', async () => {
  createSet({ podManagementPolicy: 'Parallel', replicas: 2, updateStrategy: { type: 'OnDelete' } })
  await plane.settle()
  for (const name of ['web-0', 'web-1']) plane.setPod(name, {})
  setImage('example/app:2')
  await plane.settle()
  expect([imageOf('web-0'), imageOf('web-1')]).toEqual(['example/app:1', 'example/app:1'])
  expect(status()).toMatchObject({ currentReplicas: 2, updatedReplicas: 0 })
  expect(status().currentRevision).not.toBe(status().updateRevision)
  await replaced('web-0')
  expect([imageOf('web-0'), imageOf('web-1')]).toEqual(['example/app:2', 'example/app:1'])
  expect(status()).toMatchObject({ currentReplicas: 1, updatedReplicas: 1 })
})

test('RollingUpdate replaces from the top, each when the one before is ready, and not below the partition', async () => {
  createSet({
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
  })
  await plane.settle()
  for (const name of ['web-0', 'web-1', 'web-2']) plane.setPod(name, {})
  setImage('example/app:2')
  await plane.settle()
  expect(['web-0', 'web-1', 'web-2'].map(isLeaving)).toEqual([false, false, true])
  await replaced('web-2')
  expect([imageOf('web-2'), isLeaving('web-1')]).toEqual(['example/app:2', false])
  plane.setPod('web-2', {})
  await plane.settle()
  expect(isLeaving('web-1')).toBe(true)
  await replaced('web-1')
  plane.setPod('web-1', {})
  await plane.settle()
  expect([imageOf('web-0'), isLeaving('web-0')]).toEqual(['example/app:1', false])
  await replaced('web-0')
  expect(imageOf('web-0')).toBe('example/app:1')
  changeSpec((spec) => (spec['updateStrategy'].rollingUpdate.partition = 0))
  plane.setPod('web-0', {})
  await plane.settle()
  await replaced('web-0')
  plane.setPod('web-0', {})
  await plane.settle()
  expect(status().currentRevision).toBe(status().updateRevision)
  expect(status()).toMatchObject({ currentReplicas: 3, updatedReplicas: 3 })
})

test('going back to an old template uses its old revision', async () => {
  createSet({ replicas: 1, updateStrategy: { type: 'OnDelete' } })
  await plane.settle()
  const first = status().updateRevision
  setImage('example/app:2')
  await plane.settle()
  setImage('example/app:1')
  await plane.settle()
  expect(status().updateRevision).toBe(first)
  expect(plane.names(controllerRevisions)).toHaveLength(2)
})

test('revisions beyond revisionHistoryLimit go, those in use stay', async () => {
  createSet({ replicas: 1, revisionHistoryLimit: 1, updateStrategy: { type: 'OnDelete' } })
  await plane.settle()
  for (let version = 2; version <= 6; version += 1) {
    setImage(`example/app:${version}`)
    await plane.settle()
  }
  const left = plane.registry.list(controllerRevisions).map((revision) => revision['revision'])
  expect(left.sort((a, b) => a - b)).toEqual([1, 5, 6])
})

test('claims are owned by whatever is to take them along', async () => {
  createSet({
    podManagementPolicy: 'Parallel',
    replicas: 2,
    volumeClaimTemplates: [claimTemplate],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  })
  await plane.settle()
  for (const name of ['web-0', 'web-1']) plane.setPod(name, {})
  await plane.settle()
  const ownersOf = (claim: string) =>
    plane.get(persistentVolumeClaims, claim)!.metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`)
  expect(ownersOf('data-web-1')).toEqual(['StatefulSet web'])
  changeSpec((spec) => (spec['replicas'] = 1))
  await plane.settle()
  expect([ownersOf('data-web-0'), ownersOf('data-web-1')]).toEqual([['StatefulSet web'], ['Pod web-1']])
})

test('what a set deleted with --cascade=orphan left behind is adopted by the next one of its name', async () => {
  createSet({ podManagementPolicy: 'Parallel', replicas: 1 })
  await plane.settle()
  const { uid } = plane.pod('web-0').metadata
  const set = plane.get(statefulSets, 'web')!
  const collector = startGarbageCollector(plane.context)
  plane.registry.delete(statefulSets, 'default', 'web', { propagationPolicy: 'Orphan' })
  await plane.settle()
  expect(plane.get(statefulSets, 'web')).toBeUndefined()
  expect(plane.pod('web-0').metadata.ownerReferences).toBeUndefined()
  plane.create(statefulSets, { ...set, metadata: { name: 'web' } })
  await plane.settle()
  expect(plane.pod('web-0').metadata).toMatchObject({ uid, ownerReferences: [{ kind: 'StatefulSet', name: 'web' }] })
  expect(plane.names(controllerRevisions)).toHaveLength(1)
  expect(status()).toMatchObject({ replicas: 1, updatedReplicas: 1 })
  expect(plane.warnings).toEqual([])
  collector.stop()
})
