// A BrokerCluster, the operator that reconciles it and the world around it, for tests: apply a spec, let time pass,
// look.
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { ReconcileResult } from '../../operator/controller/controller.ts'
import { ClusterReconciler } from '../../operator/reconcile/cluster-reconciler.ts'
import type { ClusterEvent } from '../../operator/reconcile/cluster-events.ts'
import type { ClusterReader } from '../../operator/reconcile/cluster-reader.ts'
import { BrokerWorld } from './broker-world.ts'
import { FakeKube } from './fake-kube.ts'
import { RoleWatches } from '../../operator/reconcile/role-watches.ts'
import { LiveClusterReader } from './live-cluster-reader.ts'

export const key = { namespace: 'shop', name: 'orders' }

export class ClusterHarness {
  readonly clock = new ManualClock(Date.parse('2026-11-21T03:00:00Z'))
  readonly kube = new FakeKube()
  readonly world: BrokerWorld
  readonly events: ClusterEvent[] = []
  /** Image of members whose spec names none; for the operator that is started next. */
  defaultImage = 'ghcr.io/flotilla-mq/flotilla:0.1.0'
  reconciler: ClusterReconciler
  /** Clusters that what a broker told has woken. */
  readonly woken: string[] = []

  constructor(seed = 1) {
    this.world = new BrokerWorld(this.kube, seededRandom(seed), () => this.clock.nowMs())
    this.reconciler = this.startOperator()
  }

  /** A new process: it knows nothing but what stands in the API. */
  startOperator(reader: ClusterReader = new LiveClusterReader(this.kube)): ClusterReconciler {
    this.reconciler = new ClusterReconciler({
      client: this.kube,
      reader,
      brokerAdmin: this.world,
      roleWatches: new RoleWatches(this.world, this.clock, ({ name }) => this.woken.push(name)),
      clock: this.clock,
      random: seededRandom(1),
      settings: { defaultImage: this.defaultImage },
      newToken: () => 'a token',
      recordEvent: (_, event) => this.events.push(event),
    })
    return this.reconciler
  }

  apply(spec: BrokerClusterSpecInput): void {
    const existing = this.kube.read('BrokerCluster', key)
    const object = { apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster', metadata: { ...key } }
    this.kube.put({ ...(existing ?? object), spec })
  }

  get cluster(): BrokerCluster {
    return this.kube.read('BrokerCluster', key) as unknown as BrokerCluster
  }

  condition(type: string): { status: string; reason: string; message: string; lastTransitionTime: string } | undefined {
    return this.cluster.status?.conditions?.find((condition) => condition.type === type)
  }

  reconcile(): Promise<ReconcileResult> {
    return this.reconciler.reconcile(key)
  }

  /** The operator looks, the world moves, time passes; `until` is asked after each round. */
  async run(until: () => boolean = () => this.isSettled(), rounds = 100): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.reconcile()
      if (until()) return
      this.world.tick()
      this.clock.advance(500)
    }
    throw new Error(`Not there after ${rounds} rounds: ${JSON.stringify(this.cluster.status, null, 1)}`)
  }

  isSettled(): boolean {
    const { status, metadata } = this.cluster
    return (
      status?.observedGeneration === metadata.generation &&
      this.condition('Ready')?.status === 'True' &&
      this.condition('Ready')?.reason === 'AllMembersReady'
    )
  }
}

/** A pair on a shared volume that has become Ready. */
export async function settledPair(replicas = 2, seed = 1): Promise<ClusterHarness> {
  const harness = new ClusterHarness(seed)
  harness.apply(sharedPair({}, replicas))
  await harness.run()
  return harness
}

const childKinds = ['ConfigMap', 'Service', 'StatefulSet', 'PersistentVolumeClaim', 'PodDisruptionBudget']

/** `StatefulSet orders-g0`. */
export const childrenOf = ({ kube }: ClusterHarness): string[] =>
  childKinds.flatMap((kind) => kube.all(kind).map(({ metadata }) => `${kind} ${metadata.name}`))

/** The role label of each pod: `orders-g0-0 active`. */
export const rolesOf = ({ world }: ClusterHarness): string[] =>
  world.pods().map(({ metadata }) => `${metadata.name} ${metadata.labels?.['flotilla.dev/role']}`)

export const sharedPair = (change: Partial<BrokerClusterSpecInput> = {}, replicas = 2): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: {
    replicas,
    storage: { type: 'SharedVolume', sharedVolume: { claimTemplate: { resources: { requests: { storage: '1Gi' } } } } },
  },
  ...change,
})

export const single = (type: 'None' | 'Volume' = 'Volume', storage = '1Gi'): BrokerClusterSpecInput => ({
  topology: { type: 'Standalone' },
  groupTemplate: {
    storage: type === 'None' ? { type } : { type, volume: { claimTemplate: { resources: { requests: { storage } } } } },
  },
})

/** A pair on the database that Secret orders-db tells of (databaseSecret). */
export const databasePair = (
  jdbc: Partial<NonNullable<NonNullable<BrokerClusterSpecInput['groupTemplate']>['storage']['jdbc']>> = {},
  change: Partial<BrokerClusterSpecInput> = {},
): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas: 2, storage: { type: 'JDBC', jdbc: { secretRef: { name: 'orders-db' }, ...jdbc } } },
  ...change,
})

type Storage = NonNullable<BrokerClusterSpecInput['groupTemplate']>['storage']
const claimTemplate = { resources: { requests: { storage: '1Gi' } } }

/** Members with a copy each, of which a Lease proposes the active. */
export const copiesByLease = (
  replicated: Partial<NonNullable<Storage['replicated']>> = {},
  replicas = 3,
  change: Partial<BrokerClusterSpecInput> = {},
): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas, storage: { type: 'Replicated', replicated: { claimTemplate, ...replicated } } },
  ...change,
})

/** The same by ZooKeeper. */
export const copiesByZooKeeper = (
  zookeeper: Partial<NonNullable<Storage['zookeeper']>> = {},
  replicas = 3,
): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: {
    replicas,
    storage: { type: 'ZooKeeper', zookeeper: { address: 'zk-0.zk:2181,zk-1.zk:2181', claimTemplate, ...zookeeper } },
  },
})

export const databaseSecret = (change: Readonly<Record<string, string | undefined>> = {}) => {
  const texts = { url: 'jdbc:postgresql://db/orders', username: 'orders', password: 'sesame', ...change }
  const data = Object.entries(texts).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, Buffer.from(text).toString('base64')]],
  )
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'orders-db' },
    data: Object.fromEntries(data) as Record<string, string>,
  }
}

/** Groups g0, g1, … of a template, with standbys unless there is to be one member each. */
export const networkOf = (
  network: NonNullable<BrokerClusterSpecInput['topology']['network']>,
  groups: number,
  replicas = 2,
): BrokerClusterSpecInput => ({
  topology: { type: replicas === 1 ? 'BrokerCluster' : 'Combined', network },
  groupCount: groups,
  groupTemplate: replicas === 1 ? single('None').groupTemplate! : sharedPair({}, replicas).groupTemplate!,
})

/** A without a store, joined with whichever of B and C is active. */
export const threeServers = (replicas = 2): BrokerClusterSpecInput => ({
  topology: {
    type: 'Combined',
    network: {
      layout: 'Custom',
      connectorDefaults: { dynamicallyIncludedDestinations: ['queue://orders.>'] },
      edges: [{ name: 'a-to-bc', from: 'a', to: 'bc', connector: { duplex: true, prefetchSize: 200 } }],
    },
  },
  groups: [
    { name: 'a', storage: { type: 'None' } },
    { name: 'bc', ...sharedPair({}, replicas).groupTemplate! },
  ],
})
