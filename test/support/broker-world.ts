// What Kubernetes and the brokers do while the operator is tested: the StatefulSet controller, the kubelet, the
// volume binder, and brokers that contend for the lock of their group. Everything moves one step per tick, in an
// order that `random` decides.
import type {
  BrokerAdmin,
  BrokerAdminTarget,
  MemberBridge,
  MemberReplication,
  MemberSnapshot,
  RoleListener,
  Told,
} from '../../operator/broker-admin/broker-admin.ts'
import { BrokerAdminError } from '../../operator/broker-admin/broker-admin.ts'
import type { KubeObject } from '../../operator/kube/port.ts'
import type { BrokerRole, DrainRequest, DrainSnapshot } from '../../broker/management/contract.ts'
import type { Random } from '../../broker/base/random.ts'
import type { FakeKube } from './fake-kube.ts'
import { playBridges } from './played-bridges.ts'

interface FakeBroker {
  role: BrokerRole
  term: number | null
  activeSince: string | null
  drain?: { readonly to: readonly string[]; readonly since: string } | undefined
}

/** `last` is what was told last; undefined: nothing yet. */
interface FakeWatch {
  readonly target: BrokerAdminTarget
  readonly listener: RoleListener
  readonly asked: Told
  last: string | undefined
}

interface AnyObject extends KubeObject {
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind
  spec: any
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind
  status: any
}

export class BrokerWorld implements BrokerAdmin {
  /** Brokers by uid of their pod. */
  readonly brokers = new Map<string, FakeBroker>()
  /** Members that never get further than Starting, by revision: a bad configuration. */
  readonly brokenRevisions = new Set<string>()
  /** Images that no registry has. */
  readonly missingImages = new Set<string>()
  /** Pods that the operator cannot ask. */
  readonly unreachable = new Set<string>()
  /** How many ticks the StatefulSet controller is behind: pods are made from what it has seen. */
  controllerLag = 0
  /** Members that refuse their data directory, and what they say of it, by pod. They never become active. */
  readonly refusals = new Map<string, string>()
  /** Why a member cannot try for the lock in its database, by pod. It does not become active. */
  readonly lockTroubles = new Map<string, string>()
  /** What members with a copy each say of the copies, by pod. One that is behind, or in trouble, does not become active. */
  readonly copies = new Map<string, MemberReplication>()
  /** Claims stay Pending. */
  holdClaims = false
  /** Whether brokers tell their role by themselves; those of an earlier version do not. */
  tellsRoles = true
  /** Whether brokers tell of their bridges by themselves. */
  tellsBridges = true
  /** Connectors whose bridges cannot be built, and why, by name. */
  readonly cutEdges = new Map<string, string>()
  /** What a bridge that is down says of itself. */
  bridgeState: 'Connecting' | 'Down' = 'Down'
  /** Messages of queues in the store of a group, and those of durable subscriptions, by name of the StatefulSet. */
  readonly messages = new Map<string, number>()
  readonly subscribed = new Map<string, number>()
  /** Clients send to every active whose connectors are open, a message with each tick. */
  producing = false
  /** How many messages they have sent. */
  sent = 0
  /** How many messages an active that drains forwards with each tick. */
  drainSpeed = 2
  /** What brokers answer instead of draining, by pod: an HTTP status, or why they do not answer. */
  readonly drainRefusals = new Map<string, number | string>()
  readonly #watches = new Set<FakeWatch>()
  readonly #kube: FakeKube
  readonly #random: Random
  readonly #nowMs: () => number
  readonly #terms = new Map<string, number>()
  /** What the StatefulSet controller has yet to see, oldest first, by uid. */
  readonly #seen = new Map<string, AnyObject[]>()
  #nextAddress = 1

  constructor(kube: FakeKube, random: Random, nowMs: () => number) {
    this.#kube = kube
    this.#random = random
    this.#nowMs = nowMs
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async snapshot(target: BrokerAdminTarget): Promise<MemberSnapshot> {
    const broker = this.#reachable(this.#kube.read<AnyObject>('Pod', target), target)
    if (!broker) throw new BrokerAdminError('BROKER_UNREACHABLE', target, 'connection refused')
    const bridges = this.#bridgesOf(target, broker)
    const replication = this.copies.get(target.name)
    const snapshot = buildSnapshot(
      target.name,
      broker,
      this.refusals.get(target.name),
      bridges,
      this.#drainOf(target.name, broker),
      this.lockTroubles.get(target.name),
    )
    return { ...snapshot, ...(replication && { replication }) }
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async drain(target: BrokerAdminTarget, { to }: DrainRequest): Promise<void> {
    this.#activeFor('drain', target).drain = { to, since: new Date(this.#nowMs()).toISOString() }
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async endDrain(target: BrokerAdminTarget): Promise<void> {
    this.#activeFor('endDrain', target).drain = undefined
  }

  #activeFor(deed: 'drain' | 'endDrain', target: BrokerAdminTarget): FakeBroker {
    const broker = this.#reachable(this.#kube.read<AnyObject>('Pod', target), target)
    const refusal = this.drainRefusals.get(target.name)
    if (!broker || typeof refusal === 'string')
      throw new BrokerAdminError('BROKER_UNREACHABLE', target, refusal?.toString() ?? 'connection refused', { deed })
    const status = refusal ?? (broker.role === 'Active' ? undefined : 409)
    if (status !== undefined)
      throw new BrokerAdminError('BROKER_REFUSED', target, `it answered ${status}`, { deed, status })
    return broker
  }

  #drainOf(member: string, { drain }: FakeBroker): DrainSnapshot | undefined {
    if (!drain) return undefined
    const messagesRemaining = this.messages.get(storeOf(member)) ?? 0
    const reason = messagesRemaining > 0 && this.#takerOf(drain.to) === undefined ? 'connection refused' : null
    return { ...drain, messagesRemaining, messagesOfSubscriptions: this.subscribed.get(storeOf(member)) ?? 0, reason }
  }

  /** The store of an active, of those that are dialled, that takes what is sent to it. */
  #takerOf(to: readonly string[]): string | undefined {
    const members = to.flatMap((uri) => [...uri.matchAll(/tcp:\/\/([^.]+)\./g)].map(([, member]) => member!))
    const active = members.find((member) => this.#addressOfActive(member) !== undefined)
    return active && storeOf(active)
  }

  #moveMessages(): void {
    for (const pod of this.pods()) {
      const broker = this.brokers.get(pod.metadata.uid!)
      if (broker?.role !== 'Active') continue
      const store = storeOf(pod.metadata.name)
      const held = this.messages.get(store) ?? 0
      if (!broker.drain && this.producing) {
        this.messages.set(store, held + 1)
        this.sent++
      }
      const taker = broker.drain && this.#takerOf(broker.drain.to)
      if (taker === undefined) continue
      const moved = Math.min(held, this.drainSpeed)
      this.messages.set(store, held - moved)
      this.messages.set(taker, (this.messages.get(taker) ?? 0) + moved)
    }
  }

  watchRole(target: BrokerAdminTarget, listener: RoleListener, asked: Told = 'roles'): () => void {
    const watch: FakeWatch = { target, listener, asked, last: undefined }
    this.#watches.add(watch)
    queueMicrotask(() => this.tell())
    return () => void this.#watches.delete(watch)
  }

  /** How many connections are kept open at brokers. */
  get watchCount(): number {
    return this.#watches.size
  }

  /** Brokers tell their listeners what has become of them; a tick ends with it. */
  tell(): void {
    for (const watch of this.#watches) {
      const { target, listener, asked } = watch
      const broker = this.#reachable(this.#kube.read<AnyObject>('Pod', target), target)
      if (!broker) {
        this.#watches.delete(watch)
        listener.ended()
        continue
      }
      const withBridges = asked === 'roles and bridges'
      const isEmpty = this.#drainOf(target.name, broker)?.messagesRemaining === 0
      const said = withBridges ? JSON.stringify([broker.role, this.#bridgesOf(target, broker), isEmpty]) : broker.role
      if (said === watch.last || !(withBridges ? this.tellsBridges : this.tellsRoles)) continue
      watch.last = said
      listener.told()
    }
  }

  tick(): void {
    for (const set of this.#kube.all<AnyObject>('StatefulSet')) this.#controlSet(set)
    for (const claim of this.#kube.all<AnyObject>('PersistentVolumeClaim')) this.#bind(claim)
    for (const pod of shuffled(this.#kube.all<AnyObject>('Pod'), this.#random)) this.#runPod(pod)
    for (const group of new Set(this.pods().map(groupOf))) this.#elect(group)
    this.#moveMessages()
    this.tell()
  }

  pods(): AnyObject[] {
    return this.#kube.all<AnyObject>('Pod')
  }

  broker(name: string): FakeBroker | undefined {
    const pod = this.pods().find(({ metadata }) => metadata.name === name)
    return pod && this.brokers.get(pod.metadata.uid!)
  }

  activeOf(cluster: string): string | undefined {
    return this.pods().find(
      ({ metadata }) =>
        metadata.labels?.['flotilla.dev/cluster'] === cluster && this.brokers.get(metadata.uid!)?.role === 'Active',
    )?.metadata.name
  }

  /** As by SIGKILL: the container starts anew, the lock is free at once. */
  crash(name: string): void {
    const pod = this.pods().find(({ metadata }) => metadata.name === name)!
    this.brokers.delete(pod.metadata.uid!)
    this.#kube.change(pod, (changed) => (changed.status = { ...changed.status, ...notRunning }))
    this.tell()
  }

  #reachable(pod: AnyObject | undefined, { name, podIP }: BrokerAdminTarget): FakeBroker | undefined {
    if (!pod || pod.status?.podIP !== podIP || this.unreachable.has(name)) return undefined
    return this.brokers.get(pod.metadata.uid!)
  }

  /** Of an active; its configuration is the one that its pod was made with. */
  #bridgesOf({ namespace, name }: BrokerAdminTarget, { role, drain }: FakeBroker): MemberBridge[] | undefined {
    if (role !== 'Active') return undefined
    if (drain) return []
    const volumes: { configMap?: { name: string } }[] =
      this.#kube.read<AnyObject>('Pod', { namespace, name })?.spec.volumes ?? []
    const configMap = volumes.find((volume) => volume.configMap)?.configMap?.name ?? ''
    const config = this.#kube.read<KubeObject & { data: Record<string, string> }>('ConfigMap', {
      namespace,
      name: configMap,
    })
    const bridges = playBridges(
      config?.data['broker.json'] ?? '{}',
      (member) => this.#addressOfActive(member),
      this.cutEdges,
    )
    return bridges.map((bridge) => (bridge.state === 'Connected' ? bridge : { ...bridge, state: this.bridgeState }))
  }

  #addressOfActive(member: string): string | undefined {
    const pod = this.pods().find(({ metadata }) => metadata.name === member)
    const broker = pod && this.brokers.get(pod.metadata.uid!)
    return broker?.role === 'Active' && !broker.drain ? (pod!.status.podIP as string) : undefined
  }

  #controlSet(newest: AnyObject): void {
    const versions = [...(this.#seen.get(newest.metadata.uid!) ?? []), newest].slice(-1 - this.controllerLag)
    this.#seen.set(newest.metadata.uid!, versions)
    const set = versions[0]!
    const { replicas, template, volumeClaimTemplates = [] } = set.spec
    const mine = this.pods().filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === set.metadata.uid)
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      const name = `${set.metadata.name}-${ordinal}`
      for (const claim of volumeClaimTemplates) this.#createClaim(set, name, claim)
      if (!mine.some(({ metadata }) => metadata.name === name)) this.#createPod(set, name, template)
    }
    for (const pod of mine)
      if (Number(pod.metadata.name.split('-').at(-1)) >= replicas)
        this.#kube.change(pod, (changed) => (changed.metadata.deletionTimestamp ??= 'now'))
    this.#kube.change(set, (changed) => (changed.status = { observedGeneration: set.metadata.generation }))
  }

  #createPod(set: AnyObject, name: string, template: { metadata: object; spec: object }): void {
    const { namespace = '', uid = '' } = set.metadata
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: set.metadata.name, uid, controller: true }
    const metadata = { ...template.metadata, name, namespace, ownerReferences: [owner] }
    this.#kube.put({ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec, status: { phase: 'Pending' } })
  }

  #createClaim(set: AnyObject, pod: string, template: AnyObject): void {
    const { namespace = '' } = set.metadata
    const name = `${template.metadata.name}-${pod}`
    if (this.#kube.read('PersistentVolumeClaim', { namespace, name })) return
    const labels = set.spec.selector.matchLabels
    this.#kube.put({ ...template, metadata: { ...template.metadata, name, namespace, labels } })
  }

  #bind(claim: AnyObject): void {
    if (this.holdClaims) return
    const status = { phase: 'Bound', capacity: { storage: claim.spec.resources.requests.storage } }
    this.#kube.change(claim, (changed) => (changed.status = status))
  }

  #runPod(pod: AnyObject): void {
    const uid = pod.metadata.uid!
    const broker = this.brokers.get(uid)
    if (pod.metadata.deletionTimestamp !== undefined) {
      // First the broker stops and lets go of the lock, then the pod is gone.
      if (broker && broker.role !== 'Stopping')
        Object.assign(broker, { role: 'Stopping', term: null, activeSince: null, drain: undefined })
      else this.#endPod(pod)
      return
    }
    if (!broker) {
      if (!this.#claimsAreBound(pod) || !this.#secretsAreThere(pod)) return
      const { image } = pod.spec.containers[0]
      if (this.missingImages.has(image)) {
        this.#kube.change(pod, (changed) => (changed.status = withoutImage(image)))
        return
      }
      this.brokers.set(uid, { role: 'Starting', term: null, activeSince: null })
      const podIP = pod.status?.podIP ?? `10.0.0.${this.#nextAddress++}`
      this.#kube.change(pod, (changed) => (changed.status = { phase: 'Running', podIP, ...running(false) }))
    } else if (broker.role === 'Starting' && !this.brokenRevisions.has(revisionOf(pod))) {
      broker.role = 'Standby'
      this.#kube.change(pod, (changed) => (changed.status = { ...changed.status, ...running(true) }))
    }
  }

  #endPod(pod: AnyObject): void {
    this.brokers.delete(pod.metadata.uid!)
    this.#kube.remove(pod)
  }

  #claimsAreBound(pod: AnyObject): boolean {
    const names = pod.spec.volumes.flatMap((volume: { persistentVolumeClaim?: { claimName: string } }) =>
      volume.persistentVolumeClaim ? [volume.persistentVolumeClaim.claimName] : [],
    )
    return names.every(
      (name: string) =>
        this.#kube.read<AnyObject>('PersistentVolumeClaim', { namespace: pod.metadata.namespace!, name })?.status
          ?.phase === 'Bound',
    )
  }

  #secretsAreThere(pod: AnyObject): boolean {
    type Items = readonly { key: string }[]
    type Mounted = {
      secret?: { secretName: string; items: Items }
      projected?: { sources: { secret: { name: string; items: Items } }[] }
    }
    const mounted = (pod.spec.volumes as Mounted[]).flatMap(({ secret, projected }) => [
      ...(secret ? [{ name: secret.secretName, items: secret.items }] : []),
      ...(projected?.sources ?? []).map((source) => source.secret),
    ])
    return mounted.every((secret) => {
      const key = { namespace: pod.metadata.namespace!, name: secret.name }
      const found = this.#kube.read<KubeObject & { data?: Record<string, string> }>('Secret', key)
      return secret.items.every((item) => found?.data?.[item.key] !== undefined)
    })
  }

  #elect(group: string): void {
    const candidates = this.pods().filter((pod) => groupOf(pod) === group)
    const of = (pod: AnyObject) => this.brokers.get(pod.metadata.uid!)
    if (candidates.some((pod) => of(pod)?.role === 'Active')) return
    const standbys = candidates.filter(
      (pod) =>
        of(pod)?.role === 'Standby' &&
        !pod.metadata.deletionTimestamp &&
        !this.refusals.has(pod.metadata.name) &&
        !this.lockTroubles.has(pod.metadata.name) &&
        canLead(this.copies.get(pod.metadata.name)),
    )
    const winner = standbys[Math.floor(this.#random.next() * standbys.length)]
    if (!winner) return
    const term = (this.#terms.get(group) ?? 0) + 1
    this.#terms.set(group, term)
    Object.assign(of(winner)!, { role: 'Active', term, activeSince: new Date(this.#nowMs()).toISOString() })
  }
}

const canLead = (copy: MemberReplication | undefined): boolean => !copy || (copy.inSync && !copy.trouble)
const groupOf = ({ metadata }: KubeObject): string =>
  `${metadata.namespace}/${metadata.labels?.['flotilla.dev/cluster']}/${metadata.labels?.['flotilla.dev/group']}`
/** Of a member, or of its StatefulSet. */
const storeOf = (member: string): string => member.replace(/-\d+$/, '')
const revisionOf = ({ metadata }: KubeObject): string => metadata.annotations?.['flotilla.dev/revision'] ?? ''

const running = (ready: boolean) => ({
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  containerStatuses: [{ name: 'broker', ready, state: { running: {} } }],
})
const withoutImage = (image: string) => ({
  phase: 'Pending',
  conditions: [{ type: 'Ready', status: 'False' }],
  containerStatuses: [
    {
      name: 'broker',
      ready: false,
      state: { waiting: { reason: 'ErrImagePull', message: `no such image: ${image}` } },
    },
  ],
})
const notRunning = {
  conditions: [{ type: 'Ready', status: 'False' }],
  containerStatuses: [{ name: 'broker', ready: false, state: { terminated: {} } }],
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => [random.next(), item] as const)
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item)
}

export function buildSnapshot(
  member: string,
  broker: FakeBroker,
  refusal: string | null = null,
  networkBridges?: readonly MemberBridge[],
  drain?: DrainSnapshot,
  trouble: string | null = null,
): MemberSnapshot {
  return {
    member,
    role: broker.role,
    term: broker.term,
    activeSince: broker.activeSince,
    brokerName: member.replace(/-\d+$/, ''),
    version: '0.1.0',
    store: { type: 'Journal', refusal },
    lock: { type: 'File', holder: broker.role === 'Active' ? member : null, term: broker.term, trouble },
    ...(networkBridges && { networkBridges }),
    ...(drain && { drain }),
  }
}
