// Deployments and the ReplicaSets that they are made of; the test plays the kubelet.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { startDeploymentController } from '../../../../hack/localkube/controllers/deployment.ts'
import { startGarbageCollector } from '../../../../hack/localkube/controllers/garbage-collector.ts'
import { startReplicaSetController } from '../../../../hack/localkube/controllers/replica-set.ts'
import { deployments, pods, replicaSets } from '../../../../hack/localkube/controllers/resource-names.ts'
import { ControlPlane, podTemplate } from '../control-plane.ts'

let plane: ControlPlane
beforeEach(() => {
  plane = new ControlPlane(startDeploymentController, startReplicaSetController, startGarbageCollector)
})
afterEach(() => plane.stop())

async function deploy(spec: Record<string, unknown> = {}): Promise<void> {
  plane.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: podTemplate({ app: 'web' }), ...spec },
  })
  await plane.settle()
}

async function change(how: (spec: LocalObject['spec']) => void): Promise<void> {
  plane.registry.update(deployments, 'default', 'web', (object) => how(object['spec']))
  await plane.settle()
}
const newImage = (tag: string) => change((spec) => (spec.template.spec.containers[0].image = `example/app:${tag}`))

const web = () => plane.get(deployments, 'web')!
const sets = () => plane.registry.list(replicaSets, 'default')
const setOf = (tag: string) => sets().find(({ spec }) => spec.template.spec.containers[0].image.endsWith(`:${tag}`))
const live = (tag?: string) =>
  plane.registry
    .list(pods, 'default')
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ spec }) => tag === undefined || spec.containers[0].image.endsWith(`:${tag}`))
const leaving = () => plane.registry.list(pods, 'default').filter(({ metadata }) => metadata.deletionTimestamp)
const isReady = ({ status }: LocalObject) =>
  status?.conditions?.some(({ status }: { status: string }) => status === 'True')

async function ready(object: LocalObject): Promise<void> {
  plane.setPod(object.metadata.name, { ready: true })
  await plane.settle()
}
async function allReady(): Promise<void> {
  for (const pod of live()) if (!isReady(pod)) await ready(pod)
}
async function finish(): Promise<void> {
  for (const { metadata } of leaving()) plane.finishDeletion(metadata.name)
  await plane.settle()
}
const condition = (type: string) =>
  web()['status'].conditions.find((one: { type: string }) => one.type === type) as Record<string, string>

test('makes a ReplicaSet with the hash of the template, and that makes the pods', async () => {
  await deploy()
  const [set] = sets()
  const hash = set!.metadata.labels!['pod-template-hash']!
  expect(set!.metadata.name).toBe(`web-${hash}`)
  expect(set!['spec'].selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
  expect(live()).toHaveLength(3)
  expect(live()[0]!.metadata.name).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`))
  expect(live()[0]!.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash })
  expect(condition('Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' })
  expect(condition('Progressing')).toMatchObject({ status: 'True' })
  await allReady()
  expect(web()['status']).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  })
  expect(condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' })
  expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  expect(web().metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' })
  expect(plane.eventsOf('web')).toContain(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`)
  expect(plane.warnings).toEqual([])
})

describe('a new template', () => {
  test('rolls by maxSurge and maxUnavailable: never too many, never too few available', async () => {
    await deploy({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } })
    await allReady()
    await newImage('2')
    for (let step = 0; step < 3; step++) {
      expect([live('1').length, live('2').length]).toEqual([3 - step, step + 1])
      expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' })
      await allReady()
      await finish()
    }
    expect([live('1').length, live('2').length]).toEqual([0, 3])
    expect(web()['status']).toMatchObject({ observedGeneration: 2, replicas: 3, updatedReplicas: 3 })
    expect(condition('Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' })
    expect(setOf('1')!['spec'].replicas).toBe(0)
  })

  test('that never becomes ready leaves the old pods alone, and is told after progressDeadlineSeconds', async () => {
    await deploy({ progressDeadlineSeconds: 60 })
    await allReady()
    await newImage('2')
    expect([live('1').length, live('2').length]).toEqual([3, 1])
    await plane.advance(61_000)
    expect(condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
    await newImage('1')
    expect([live('1').length, live('2').length]).toEqual([3, 0])
    expect(sets()).toHaveLength(2)
    expect(setOf('1')!.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3' })
    expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  })

  test('with Recreate waits until no old pod is left', async () => {
    await deploy({ strategy: { type: 'Recreate' } })
    await allReady()
    await newImage('2')
    expect([live('1').length, leaving().length, live('2').length]).toEqual([0, 3, 0])
    await finish()
    expect(live('2')).toHaveLength(3)
  })

  test('waits while paused; scaling does not', async () => {
    await deploy()
    await allReady()
    await change((spec) => (spec.paused = true))
    await newImage('2')
    expect(sets()).toHaveLength(1)
    await change((spec) => (spec.replicas = 4))
    expect(live('1')).toHaveLength(4)
    await change((spec) => (spec.paused = false))
    expect(live('2').length).toBeGreaterThan(0)
  })

  test('old ReplicaSets are kept up to revisionHistoryLimit', async () => {
    await deploy({ replicas: 1, revisionHistoryLimit: 1 })
    for (const tag of ['2', '3', '4']) {
      await allReady()
      await newImage(tag)
    }
    await allReady()
    await finish()
    expect(sets()).toHaveLength(2)
    expect([setOf('3'), setOf('4')]).not.toContain(undefined)
  })
})

test('scaled down, pods that are not ready go first', async () => {
  await deploy()
  const [first, second, third] = live() as [LocalObject, LocalObject, LocalObject]
  await ready(first)
  await ready(third)
  await change((spec) => (spec.replicas = 2))
  expect(
    leaving()
      .concat(live())
      .map(({ metadata }) => metadata.name),
  ).not.toContain(second.metadata.name)
  expect(live()).toHaveLength(2)
})

test('a pod that goes is made again; one whose label is taken off is let go and replaced', async () => {
  await deploy({ replicas: 1 })
  await allReady()
  const [pod] = live() as [LocalObject]
  plane.registry.update(
    pods,
    'default',
    pod.metadata.name,
    (object) => void (object.metadata.labels = { app: 'studied' }),
  )
  await plane.settle()
  expect(plane.pod(pod.metadata.name).metadata.ownerReferences ?? []).toEqual([])
  expect(live()).toHaveLength(2)
})

test('deleted, it takes everything with it', async () => {
  await deploy()
  plane.registry.delete(deployments, 'default', 'web')
  await plane.settle()
  await finish()
  expect([sets(), live()]).toEqual([[], []])
})
