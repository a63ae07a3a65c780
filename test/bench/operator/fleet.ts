// Kubelet, provisioner and brokers of a whole fleet, played on an API server without nodes: pods begin to run, claims get
// volumes, the first member of each group is active. Each member has an address of its own, and the broker's own admin server
// answers there, so that whoever asks brokers pays for it what it costs.
//
// Nothing fails over here, and nothing moves once it runs: an idle fleet.
import { systemClock } from '../../../broker/base/clock.ts'
import { errorMessage } from '../../../broker/base/errors.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { systemRandom } from '../../../broker/base/random.ts'
import { type AdminSource, AdminServer } from '../../../broker/management/admin-server.ts'
import type { BrokerSnapshot, RoleAnswer } from '../../../broker/management/contract.ts'
import { adminPort } from '../../../operator/api/limits.ts'
import { clusterOf } from '../../../operator/reconcile/cached-cluster-reader.ts'
import { labels } from '../../../operator/api/names.ts'
import { type Reflector, startReflector } from '../../../operator/controller/reflector.ts'
import { WorkQueue } from '../../../operator/controller/work-queue.ts'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import type { KubeClient, KubeObject, ResourceType } from '../../../operator/kube/port.ts'
import { persistentVolumeClaims, pods } from '../../../operator/kube/resource-types.ts'
import type { Claim, Pod } from '../../../operator/reconcile/kinds.ts'
import { buildSnapshot } from '../../support/broker-world.ts'

const concurrency = 8
const persistentVolumes: ResourceType = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
}

interface PlayedMember {
  readonly address: string
  readonly server: AdminServer
}

export class Fleet {
  /** Questions that brokers were asked, by path. */
  readonly questions = { snapshot: 0 }
  readonly pods: Reflector<Pod>
  readonly #client: KubeClient
  readonly #claims: Reflector<Claim>
  readonly #stopping = new AbortController()
  readonly #queue: WorkQueue
  /** What is to be done, by key of the queue. */
  readonly #work = new Map<string, () => Promise<void>>()
  /** By uid of the pod. */
  readonly #members = new Map<string, PlayedMember>()
  readonly #actives = new Set<string>()
  #addresses = 0

  constructor(client: KubeClient) {
    this.#client = client
    this.#queue = new WorkQueue(
      async (key) => {
        await this.#play(key)
        return {}
      },
      { clock: systemClock, random: systemRandom },
      { concurrency },
    )
    const signal = this.#stopping.signal
    const environment = { client, clock: systemClock, random: systemRandom, logger: silentLogger, signal }
    const select = { labelSelector: labels.cluster }
    this.pods = startReflector<Pod>({ ...environment, type: pods, select })
    this.#claims = startReflector<Claim>({ ...environment, type: persistentVolumeClaims, select })
    this.pods.subscribe(({ type, object }) => {
      if (type === 'added') this.#later(`pod ${object.metadata.uid}`, () => this.#run(object))
    })
    this.#claims.subscribe(({ type, object }) => {
      if (type === 'added') this.#later(`claim ${object.metadata.uid}`, () => this.#provision(object))
    })
    this.#queue.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#queue.stop()
    await Promise.all([this.pods.stopped, this.#claims.stopped])
    await Promise.all([...this.#members.values()].map(({ server }) => server.close()))
  }

  #later(key: string, work: () => Promise<void>): void {
    this.#work.set(key, work)
    this.#queue.add(key)
  }

  async #play(key: string): Promise<void> {
    try {
      await this.#work.get(key)!()
      this.#work.delete(key)
    } catch (error) {
      // The queue tries again; what others write at the same moment is everyday business.
      if (!(error instanceof KubeApiError) || error.code !== 409) console.error(`Cannot play: ${errorMessage(error)}`)
      throw error
    }
  }

  async #run(pod: Pod): Promise<void> {
    const { uid = '', name, namespace = '' } = pod.metadata
    const cluster = clusterOf(pod)
    if (!cluster) return
    const group = `${namespace}/${cluster.name}/${pod.metadata.labels?.[labels.group]}`
    const address = this.#members.get(uid)?.address ?? this.#nextAddress()
    if (!this.#members.has(uid)) {
      const isActive = !this.#actives.has(group)
      this.#actives.add(group)
      const server = new AdminServer(this.#sourceOf(name, isActive), silentLogger)
      this.#members.set(uid, { address, server })
      await server.open({ host: address, port: adminPort })
    }
    await this.#applyRunning(pod, address)
  }

  #sourceOf(member: string, isActive: boolean): AdminSource {
    const since = new Date().toISOString()
    const broker = isActive
      ? { role: 'Active' as const, term: 1, activeSince: since }
      : { role: 'Standby' as const, term: null, activeSince: null }
    const { questions } = this
    const unasked = () => {
      throw new Error('an operator does not ask this')
    }
    return {
      role: (): RoleAnswer => buildSnapshot(member, broker),
      onRoleChange: () => () => {},
      onBridgeChange: () => () => {},
      snapshot: () => {
        questions.snapshot++
        return Promise.resolve(completeSnapshot(member, broker, since))
      },
      notReadyReason: () => undefined,
      connections: unasked,
      destinations: unasked,
      subscriptions: unasked,
      deleteSubscription: unasked,
      network: unasked,
      switchConnector: unasked,
      drain: unasked,
      endDrain: unasked,
      measurements: unasked,
    }
  }

  /** In the range that `own-network` makes. */
  #nextAddress(): string {
    const number = ++this.#addresses
    return `10.128.${number >> 8}.${number & 255}`
  }

  async #applyRunning({ apiVersion, kind, metadata, spec }: Pod, podIP: string): Promise<void> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const { image = 'broker' } = (spec as { containers?: { image?: string }[] }).containers?.[0] ?? {}
    const state = { running: { startedAt: now } }
    const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now })
    const { name, namespace = '', uid = '' } = metadata
    const status = {
      phase: 'Running',
      startTime: now,
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
      containerStatuses: [{ name: 'broker', ready: true, restartCount: 0, image, imageID: '', started: true, state }],
    }
    const object = { apiVersion, kind, metadata: { name, namespace, uid }, status }
    await this.#client.apply(pods, object, { fieldManager: 'fleet', force: true, subresource: 'status' })
  }

  /** The controllers of Kubernetes bind the two. */
  async #provision({ metadata, spec }: Claim): Promise<void> {
    const { namespace = '', name, uid = '' } = metadata
    const volume: KubeObject & { spec: object } = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `fleet-${uid}` },
      spec: {
        capacity: spec?.resources?.requests,
        accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/tmp/fleet-${uid}` },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      },
    }
    await this.#client.create(persistentVolumes, volume)
  }
}

function completeSnapshot(
  member: string,
  broker: Parameters<typeof buildSnapshot>[1],
  startedAt: string,
): BrokerSnapshot {
  const { lock, networkBridges: _, replication: __, ...snapshot } = buildSnapshot(member, broker)
  return {
    ...snapshot,
    brokerId: member,
    startedAt,
    store: { type: 'Journal', messages: 0, bytesUsed: 0, recoveryMs: null, lagBytes: null, refusal: null },
    lock: { type: 'File', holder: lock.holder, term: lock.term },
    memory: { used: 0, limit: 2 ** 26 },
    temp: { messages: 0, used: 0, limit: 0 },
    transportConnectors: [
      { name: 'openwire', protocol: 'OpenWire', port: 61_616, open: broker.role === 'Active', connections: 0 },
    ],
  }
}
