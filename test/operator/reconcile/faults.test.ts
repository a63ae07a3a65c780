// Writes that fail before or after they took effect, and caches that are behind: the operator comes to the same end,
// and at no time does it stop an active that nobody could follow.
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import { BrokerAdminError } from '../../../operator/broker-admin/broker-admin.ts'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import type { ClusterObjects, ClusterReader } from '../../../operator/reconcile/cluster-reader.ts'
import { LiveClusterReader } from '../../support/live-cluster-reader.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { ClusterHarness, key, networkOf, sharedPair } from '../../support/cluster-harness.ts'

/** Shows each kind of object as it was some looks ago, never going back behind what it has shown. */
class StaleReader implements ClusterReader {
  readonly #live: ClusterReader
  readonly #isBehind: () => boolean
  #cluster: BrokerCluster | undefined
  #objects: ClusterObjects | undefined

  constructor(live: ClusterReader, isBehind: () => boolean) {
    this.#live = live
    this.#isBehind = isBehind
  }

  async readCluster(): Promise<BrokerCluster | undefined> {
    if (!this.#cluster || !this.#isBehind()) this.#cluster = await this.#live.readCluster(key)
    return this.#cluster
  }

  async readObjects(): Promise<ClusterObjects> {
    const now = await this.#live.readObjects(key)
    const shown = this.#objects ?? now
    const kinds = Object.keys(now) as (keyof ClusterObjects)[]
    this.#objects = Object.fromEntries(kinds.map((kind) => [kind, this.#isBehind() ? shown[kind] : now[kind]])) as never
    return this.#objects
  }
}

const codes = [409, 429, 500, 503]

test.each(Array.from({ length: 25 }, (_, index) => index + 1))(
  'a rollout with scaling ends well (seed %i)',
  async (seed) => {
    const random = seededRandom(seed)
    const chance = (share: number) => random.next() < share
    const harness = new ClusterHarness(seed)
    const restart = () => harness.startOperator(new StaleReader(new LiveClusterReader(harness.kube), () => chance(0.4)))
    restart()
    const fail = (when: string) => {
      if (chance(0.08))
        throw new KubeApiError(codes[Math.floor(random.next() * codes.length)]!, 'Fault', `fault ${when}`)
    }
    harness.kube.beforeWrite = (write) => {
      fail('before')
      const pod = write.verb === 'delete' && write.kind === 'Pod' ? write.name : undefined
      if (pod === undefined || harness.world.broker(pod)?.role !== 'Active') return
      const heirs = harness.world
        .pods()
        .filter(({ metadata }) => metadata.name !== pod && metadata.deletionTimestamp === undefined)
        .filter(({ metadata }) => harness.world.broker(metadata.name)?.role === 'Standby')
      expect(heirs.length).toBeGreaterThan(0)
    }
    harness.kube.afterWrite = () => fail('after')

    const steps = [
      sharedPair({}, 2),
      sharedPair({ broker: { memoryLimit: '50%' } }, 3),
      sharedPair({ broker: { memoryLimit: '40%' } }, 2),
    ]
    for (const spec of steps) {
      harness.apply(spec)
      let settledFor = 0
      for (let round = 0; settledFor < 5; round++) {
        if (round > 400) throw new Error(`no end: ${JSON.stringify(harness.cluster.status, null, 1)}`)
        try {
          await harness.reconcile()
        } catch (error) {
          if (!(error instanceof KubeApiError)) throw error
        }
        if (chance(0.05)) restart()
        harness.world.tick()
        harness.clock.advance(500)
        // A reader that is behind may show an end that was one.
        settledFor = harness.isSettled() && isDone(harness, spec.groupTemplate!.replicas!) ? settledFor + 1 : 0
      }
    }
  },
)

function isDone(harness: ClusterHarness, replicas: number): boolean {
  const [group] = harness.cluster.status!.groups!
  const pods = harness.world.pods()
  return (
    pods.length === replicas &&
    pods.every(({ metadata }) => metadata.annotations?.['flotilla.dev/revision'] === group!.revision) &&
    harness.kube.all('ConfigMap').length === 1
  )
}

test.each(Array.from({ length: 5 }, (_, index) => index + 1))(
  'groups that leave and come back lose nothing, while members fail and their brokers do not answer (seed %i)',
  async (seed) => {
    const random = seededRandom(seed)
    const chance = (share: number) => random.next() < share
    const harness = new ClusterHarness(seed)
    const { kube, world } = harness
    const restart = () => harness.startOperator(new StaleReader(new LiveClusterReader(kube), () => chance(0.3)))
    restart()
    const fail = (when: string) => {
      if (chance(0.05))
        throw new KubeApiError(codes[Math.floor(random.next() * codes.length)]!, 'Fault', `fault ${when}`)
    }
    kube.beforeWrite = ({ verb, kind, name }) => {
      fail('before')
      if (verb === 'delete' && kind === 'StatefulSet') expect([name, world.messages.get(name) ?? 0]).toEqual([name, 0])
    }
    kube.afterWrite = () => fail('after')
    const pass = async () => {
      try {
        await harness.reconcile()
      } catch (error) {
        if (!(error instanceof KubeApiError) && !(error instanceof BrokerAdminError)) throw error
      }
      if (chance(0.05)) restart()
      world.tick()
      harness.clock.advance(500)
    }
    const mesh = (groups: number) => networkOf({ layout: 'Mesh' }, groups)
    harness.apply(mesh(3))
    for (let round = 0; round < 30; round++) await pass()
    world.producing = true
    for (const groups of [2, 3, 2]) {
      harness.apply(mesh(groups))
      const rounds = 5 + Math.floor(random.next() * 20)
      for (let round = 0; round < rounds; round++) {
        for (const { metadata } of world.pods())
          if (chance(0.1)) world.drainRefusals.set(metadata.name, chance(0.5) ? 503 : 'timeout')
          else world.drainRefusals.delete(metadata.name)
        const actives = world.pods().filter(({ metadata }) => world.broker(metadata.name)?.role === 'Active')
        if (chance(0.1) && actives.length > 0)
          world.crash(actives[Math.floor(random.next() * actives.length)]!.metadata.name)
        await pass()
      }
    }
    world.producing = false
    world.drainRefusals.clear()
    const isOver = () =>
      harness.isSettled() && kube.all('StatefulSet').length === 2 && kube.all('ConfigMap').length === 2
    for (let round = 0; !isOver(); round++) {
      if (round > 400) throw new Error(`no end: ${JSON.stringify(harness.cluster.status, null, 1)}`)
      await pass()
    }
    const left = ['orders-g0', 'orders-g1'].map((set) => world.messages.get(set) ?? 0)
    expect(left.reduce((sum, count) => sum + count, 0)).toBe(world.sent)
  },
)
