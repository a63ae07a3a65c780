// Plays the kubelet, the volume binder and the brokers on an API server that has none: pods begin to run, one member
// of each group holds the lock, and the admin port answers as the brokers would. It writes through the API, like
// everybody else.
import { systemClock } from '../../broker/base/clock.ts'
import type { BrokerRole, DrainRequest, DrainSnapshot } from '../../broker/management/contract.ts'
import {
  type BrokerAdmin,
  BrokerAdminError,
  type BrokerAdminTarget,
  type MemberSnapshot,
} from '../../operator/broker-admin/broker-admin.ts'
import { sleep } from '../../operator/controller/sleep.ts'
import { KubeApiError, KubeUnreachableError } from '../../operator/kube/errors.ts'
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/port.ts'
import { configMaps, persistentVolumeClaims, pods } from '../../operator/kube/resource-types.ts'
import type { Claim, Pod } from '../../operator/reconcile/kinds.ts'
import { buildSnapshot } from '../support/broker-world.ts'
import { playBridges } from '../support/played-bridges.ts'

const usualPollMs = 30
const persistentVolumes: ResourceType = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
}
const storageClasses: ResourceType = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
}

interface PlayedBroker {
  readonly group: string
  role: BrokerRole
  term: number | null
  activeSince: string | null
  readonly podIP: string
  /** Name of the ConfigMap that its pod was made with. */
  readonly config: string
  drain?: { readonly to: readonly string[]; readonly since: string } | undefined
}

export class PodPlayer implements BrokerAdmin {
  /** Messages that a group has, by name of its StatefulSet; one goes out with each poll while it drains. */
  readonly messages = new Map<string, number>()
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #pollMs: number
  /** By uid of the pod. */
  readonly #brokers = new Map<string, PlayedBroker>()
  readonly #uids = new Map<string, string>()
  readonly #terms = new Map<string, number>()
  readonly #stopping = new AbortController()
  readonly #stopped: Promise<void>
  #addresses = 0
  readonly #addressOf: (name: string) => Promise<string>
  readonly #provisioned = new Set<string>()
  #provisions: boolean | undefined

  /** `addressOf` gives a pod the address at which its broker can be asked; without it nobody listens there. */
  constructor(
    client: KubeClient,
    namespace: string,
    pollMs = usualPollMs,
    addressOf?: (name: string) => Promise<string>,
  ) {
    this.#pollMs = pollMs
    this.#addressOf = addressOf ?? (() => Promise.resolve(`10.9.0.${(this.#addresses++ % 250) + 1}`))
    this.#client = client
    this.#namespace = namespace
    this.#stopped = this.#play()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#stopped
  }

  async snapshot(target: BrokerAdminTarget): Promise<MemberSnapshot> {
    const broker = this.#brokers.get(this.#uids.get(target.name) ?? '')
    if (!broker) throw new BrokerAdminError('BROKER_UNREACHABLE', target, 'nobody listens')
    if (broker.role !== 'Active') return buildSnapshot(target.name, broker)
    const key = { namespace: this.#namespace, name: broker.config }
    const found = await this.#client.get<KubeObject & { data: Record<string, string> }>(configMaps, key)
    const bridges = playBridges(found?.data['broker.json'] ?? '{}', (member) => this.#addressOfActive(member))
    return buildSnapshot(target.name, broker, null, broker.drain ? [] : bridges, this.#drainOf(broker))
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async drain(target: BrokerAdminTarget, { to }: DrainRequest): Promise<void> {
    this.#activeFor('drain', target).drain = { to, since: new Date().toISOString() }
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async endDrain(target: BrokerAdminTarget): Promise<void> {
    this.#activeFor('endDrain', target).drain = undefined
  }

  #activeFor(deed: 'drain' | 'endDrain', target: BrokerAdminTarget): PlayedBroker {
    const broker = this.#brokers.get(this.#uids.get(target.name) ?? '')
    if (!broker) throw new BrokerAdminError('BROKER_UNREACHABLE', target, 'nobody listens', { deed })
    if (broker.role === 'Active') return broker
    throw new BrokerAdminError('BROKER_REFUSED', target, 'it answered 409', { deed, status: 409 })
  }

  #drainOf({ drain, group }: PlayedBroker): DrainSnapshot | undefined {
    if (!drain) return undefined
    return { ...drain, messagesRemaining: this.messages.get(group) ?? 0, messagesOfSubscriptions: 0, reason: null }
  }

  #addressOfActive(member: string): string | undefined {
    const broker = this.#brokers.get(this.#uids.get(member) ?? '')
    return broker?.role === 'Active' && !broker.drain ? broker.podIP : undefined
  }

  /** As brokers of an earlier version: they do not tell by themselves. */
  watchRole(): () => void {
    return () => {}
  }

  activeOf(group: string): string | undefined {
    for (const [name, uid] of this.#uids) {
      const broker = this.#brokers.get(uid)
      if (broker?.group === group && broker.role === 'Active') return name
    }
    return undefined
  }

  /** The active is killed: its container starts again, and somebody else has the lock. */
  async failOver(group: string): Promise<void> {
    const name = this.activeOf(group)!
    const broker = this.#brokers.get(this.#uids.get(name)!)!
    const pod = await this.#client.get<Pod>(pods, { namespace: this.#namespace, name })
    await this.#showRunning(pod!, 1)
    Object.assign(broker, { role: 'Standby', term: null, activeSince: null, drain: undefined })
    this.#elect(group, name)
  }

  async #play(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        for (const claim of await this.#list<Claim>(persistentVolumeClaims)) await this.#provision(claim)
        await this.#run(await this.#list<Pod>(pods))
      } catch (error) {
        // Objects come and go under our hands, and so does the API server in some tests.
        if (!(error instanceof KubeApiError) && !(error instanceof KubeUnreachableError)) throw error
      }
      await sleep(systemClock, this.#pollMs, this.#stopping.signal)
    }
  }

  async #list<T extends KubeObject>(type: ResourceType): Promise<T[]> {
    return (await this.#client.list<T>(type, { namespace: this.#namespace })).items
  }

  /** Where no storage class provisions volumes: makes one for the claim; the controllers of Kubernetes bind the two. */
  async #provision(claim: Claim): Promise<void> {
    const { namespace = '', name, uid = '' } = claim.metadata
    const requested = claim.spec?.resources?.requests?.storage
    if (claim.status?.phase === 'Bound' || requested === undefined || this.#provisioned.has(uid)) return
    // Of a class, which somebody else would have to serve.
    if (claim.spec?.storageClassName !== undefined) return
    this.#provisioned.add(uid)
    this.#provisions ??= (await this.#client.list(storageClasses, {})).items.length === 0
    if (!this.#provisions) return
    await this.#client.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `player-${uid}` },
      spec: {
        capacity: { storage: requested },
        accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/tmp/player-${uid}` },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      },
    })
  }

  async #run(existing: readonly Pod[]): Promise<void> {
    const living = new Set(existing.map(({ metadata }) => metadata.uid!))
    for (const uid of this.#brokers.keys()) if (!living.has(uid)) this.#brokers.delete(uid)
    for (const pod of existing) {
      const { uid = '', name, deletionTimestamp, labels } = pod.metadata
      if (deletionTimestamp !== undefined) {
        this.#brokers.delete(uid)
        await this.#client.delete(pods, { namespace: this.#namespace, name }, { gracePeriodSeconds: 0, uid })
      } else if (!this.#brokers.has(uid)) {
        const podIP = await this.#showRunning(pod)
        const config = pod.spec?.volumes?.find((volume) => volume.configMap)?.configMap?.name ?? ''
        this.#uids.set(name, uid)
        const group = `${labels?.['flotilla.dev/cluster']}-${labels?.['flotilla.dev/group']}`
        this.#brokers.set(uid, { group, role: 'Standby', term: null, activeSince: null, podIP, config })
      }
    }
    for (const { group } of this.#brokers.values()) this.#elect(group)
    for (const { group, role, drain } of this.#brokers.values()) {
      const held = this.messages.get(group) ?? 0
      if (role === 'Active' && drain && held > 0) this.messages.set(group, held - 1)
    }
  }

  #elect(group: string, except?: string): void {
    if (this.activeOf(group) !== undefined) return
    // Whoever has waited longest, as at a real lock: the one that was just made anew comes last.
    const waiting = [...this.#brokers].filter(([, broker]) => broker.group === group)
    const heir = waiting.find(([uid]) => except === undefined || this.#uids.get(except) !== uid)
    if (!heir) return
    const term = (this.#terms.get(group) ?? 0) + 1
    this.#terms.set(group, term)
    const activeSince = new Date().toISOString()
    Object.assign(heir[1], { role: 'Active', term, activeSince })
  }

  /** Returns its address. */
  async #showRunning(pod: Pod, restartCount = 0): Promise<string> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const podIP = pod.status?.podIP ?? (await this.#addressOf(pod.metadata.name))
    const state = { running: { startedAt: now } }
    const { image = 'broker' } = (pod.spec as { containers?: { image?: string }[] }).containers?.[0] ?? {}
    await this.#applyStatus(pods, pod, {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
      containerStatuses: [{ name: 'broker', ready: true, restartCount, image, imageID: '', started: true, state }],
    })
    return podIP
  }

  async #applyStatus(type: ResourceType, { apiVersion, kind, metadata }: KubeObject, status: object): Promise<void> {
    const { name, namespace = '', uid = '' } = metadata
    const object = { apiVersion, kind, metadata: { name, namespace, uid }, status }
    await this.#client.apply(type, object, { fieldManager: 'pod-player', force: true, subresource: 'status' })
  }
}
