// Another operator, with another image for brokers: nobody is restarted, and it is told.
import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { ClusterHarness, settledPair, sharedPair } from '../../support/cluster-harness.ts'

const next = 'ghcr.io/flotilla-mq/flotilla:0.2.0'
const first = 'ghcr.io/flotilla-mq/flotilla:0.1.0'

type Pod = { spec: { containers: { image: string }[] } }
const imagesOf = ({ world }: ClusterHarness): string[] =>
  world.pods().map((pod) => (pod as unknown as Pod).spec.containers[0]!.image)
const uidsOf = ({ world }: ClusterHarness) => world.pods().map(({ metadata }) => metadata.uid)

async function upgradedPair(): Promise<ClusterHarness> {
  const harness = await settledPair()
  harness.kube.writes.length = 0
  harness.events.length = 0
  harness.defaultImage = next
  harness.startOperator()
  return harness
}

describe('an operator with another default image', () => {
  test('writes nothing but the status, which tells of it once', async () => {
    const harness = await upgradedPair()
    const uids = uidsOf(harness)
    for (let round = 0; round < 5; round++) {
      await harness.reconcile()
      harness.world.tick()
    }
    expect(harness.kube.writes).toEqual([
      { verb: 'apply', kind: 'BrokerCluster', name: 'orders', subresource: 'status' },
    ])
    expect(uidsOf(harness)).toEqual(uids)
    expect(harness.isSettled()).toBe(true)
    expect(harness.cluster.status!.groups![0]!.image).toBe(first)
    expect(harness.condition('UpdateAvailable')).toMatchObject({ status: 'True', reason: 'OtherDefaultImage' })
    expect(harness.condition('UpdateAvailable')!.message).toContain(next)
    expect(harness.events.map(({ reason }) => reason)).toEqual(['UpdateAvailable'])
  })

  test('gives a pod that is lost the image that the others have', async () => {
    const harness = await upgradedPair()
    await harness.reconcile()
    harness.kube.remove(harness.world.pods()[1] as unknown as KubeObject)
    harness.world.tick()
    await harness.run()
    expect(imagesOf(harness)).toEqual([first, first])
  })

  test.each([
    ['update: Automatic', { update: 'Automatic' as const }],
    ['a reference', { reference: next }],
  ])('rolls its image out when the cluster asks for it by %s', async (_, image) => {
    const harness = await upgradedPair()
    const uids = uidsOf(harness)
    harness.apply(sharedPair({ image }))
    await harness.run()
    expect(imagesOf(harness)).toEqual([next, next])
    for (const uid of uidsOf(harness)) expect(uids).not.toContain(uid)
    expect(harness.condition('UpdateAvailable')).toBeUndefined()
    expect(harness.cluster.status!.groups![0]).toMatchObject({ image: next, updatedReplicas: 2 })
  })

  test('knows what is kept without a status, too', async () => {
    const harness = await upgradedPair()
    const uids = uidsOf(harness)
    harness.kube.change(harness.cluster as unknown as KubeObject & { status?: object }, (cluster) => {
      delete cluster.status
    })
    await harness.run()
    expect(imagesOf(harness)).toEqual([first, first])
    expect(uidsOf(harness)).toEqual(uids)
  })

  test('knows what is kept without the StatefulSet, too', async () => {
    const harness = await upgradedPair()
    await harness.reconcile()
    harness.kube.remove(harness.kube.all('StatefulSet')[0]!)
    await harness.run()
    expect(imagesOf(harness)).toEqual([first, first])
  })

  test('puts back what somebody made of the StatefulSet', async () => {
    const harness = await settledPair()
    const uids = uidsOf(harness)
    type Set = KubeObject & { spec: { template: Pod } }
    harness.kube.change(harness.kube.all('StatefulSet')[0] as Set, ({ spec }) => {
      spec.template.spec.containers[0]!.image = 'other:1'
    })
    await harness.run()
    expect((harness.kube.all('StatefulSet')[0] as Set).spec.template.spec.containers[0]!.image).toBe(first)
    expect(uidsOf(harness)).toEqual(uids)
  })

  test('restarts nothing that an operator made which noted nothing of images', async () => {
    const harness = await upgradedPair()
    const uids = uidsOf(harness)
    harness.kube.change(harness.kube.all('StatefulSet')[0]!, ({ metadata }) => {
      delete metadata.annotations!['flotilla.dev/first-image']
    })
    type Reported = KubeObject & { status: { groups: { image?: string }[] } }
    harness.kube.change(harness.cluster as unknown as Reported, ({ status }) => {
      delete status.groups[0]!.image
    })
    for (let round = 0; round < 5; round++) {
      await harness.reconcile()
      harness.world.tick()
    }
    expect(harness.isSettled()).toBe(true)
    expect(uidsOf(harness)).toEqual(uids)
    expect(harness.kube.all('StatefulSet')[0]!.metadata.annotations!['flotilla.dev/first-image']).toBe(first)
  })

  test('that works is taken by a cluster that never did', async () => {
    const harness = new ClusterHarness()
    harness.defaultImage = 'mistyped:1'
    harness.world.missingImages.add('mistyped:1')
    harness.startOperator()
    harness.apply(sharedPair())
    await harness.run(() => harness.condition('Stalled')?.reason === 'ImagePullFailed')
    harness.defaultImage = next
    harness.startOperator()
    await harness.run()
    expect(imagesOf(harness)).toEqual([next, next])
    expect(harness.condition('UpdateAvailable')).toBeUndefined()
  })

  test('is not what a paused cluster keeps only because it was asked for meanwhile', async () => {
    const harness = await upgradedPair()
    harness.apply(sharedPair({ paused: true, image: { reference: 'wished:1' } }))
    await harness.reconcile()
    expect(harness.cluster.status!.groups![0]!.image).toBe(first)
    harness.apply(sharedPair())
    await harness.run()
    expect(imagesOf(harness)).toEqual([first, first])
  })
})
