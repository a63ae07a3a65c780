// The operator, put together: watches fill caches, changes wake keys, and each key is reconciled by a
// ClusterReconciler. It runs only while this process is the leader; what it is made of is passed in, so that tests
// run it as it is.
import type { Clock } from '../broker/base/clock.ts'
import type { Logger } from '../broker/base/logger.ts'
import type { Random } from '../broker/base/random.ts'
import { labels } from './api/names.ts'
import type { BrokerCluster } from './api/broker-cluster.ts'
import type { Condition } from './api/conditions.ts'
import type { BrokerAdmin } from './broker-admin/broker-admin.ts'
import { type Controller, type Source, startController, watchedBy } from './controller/controller.ts'
import { createEventRecorder, type EventRecorder } from './controller/event-recorder.ts'
import { type LeaderElection, startLeaderElection } from './controller/leader-elector.ts'
import type { ControllerMetrics } from './controller/metrics.ts'
import { keyOf } from './controller/object-key.ts'
import { ignoreStatusWrites } from './controller/predicates.ts'
import { type Reflector, startReflector } from './controller/reflector.ts'
import type { KubeClient, KubeObject, ListOptions, ObjectKey, ResourceType } from './kube/port.ts'
import { brokerClusters } from './kube/resource-types.ts'
import { CachedClusterReader, type ChildKind, clusterOf } from './reconcile/cached-cluster-reader.ts'
import { ClusterClaims, formatOwner } from './reconcile/cluster-claims.ts'
import { ClusterReconciler } from './reconcile/cluster-reconciler.ts'
import { childTypes } from './reconcile/cluster-reader.ts'
import type { PlannerSettings } from './topology/planner.ts'

interface OperatorOptions {
  readonly client: KubeClient
  readonly brokerAdmin: BrokerAdmin
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: ControllerMetrics
  /** Image of new brokers that name none. */
  readonly brokerImage: string
  /** User and group of brokers; left out: those that the image is made for. */
  readonly brokerUser?: PlannerSettings['user']
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** undefined: works at once, without asking whether another operator does. */
  readonly lease: ObjectKey | undefined
  /** For tests: how long the Lease of another operator has to stand still before its clusters are taken over. */
  readonly claimPatienceMs?: number
  /** Unique among operators: the name of the pod, and from one start to the next. */
  readonly identity: string
  /** Reconciles at the same time. */
  readonly concurrency: number
}

interface ClusterConditions extends ObjectKey {
  readonly conditions: readonly Condition[]
}

export interface Operator {
  /** Resolves when it reconciles; false if it was stopped before. Never rejects. */
  readonly started: Promise<boolean>
  /** Resolves with the reason when it must not go on: the process is to exit. Never after `stop`. */
  readonly failed: Promise<string>
  /** Why it is not ready to work or to take over; undefined when it is. */
  notReadyReason(): string | undefined
  /** The clusters that it works on; none while it waits for leadership. */
  clusters(): ClusterConditions[]
  /** Finishes what is being written, gives up leadership. Never rejects. */
  stop(): Promise<void>
}

export function startOperator(options: OperatorOptions): Operator {
  const operator = new RunningOperator(options)
  const started = operator.run()
  return {
    started,
    failed: operator.failed.promise,
    notReadyReason: () => operator.notReadyReason(),
    clusters: () => operator.clusters(),
    stop: () => operator.stop(started),
  }
}

class RunningOperator {
  readonly failed = Promise.withResolvers<string>()
  readonly #options: OperatorOptions
  readonly #stopping = new AbortController()
  readonly #election: LeaderElection | undefined
  #reflectors: Reflector[] = []
  #controller: Controller | undefined
  #recorder: EventRecorder | undefined
  #synced = false
  /** Of what is looked after, what could not be read yet: `namespace shop`. */
  readonly #unread = new Set<string>()

  constructor(options: OperatorOptions) {
    this.#options = options
    if (options.lease) this.#election = startLeaderElection({ ...options, lease: options.lease })
  }

  async run(): Promise<boolean> {
    if (this.#election) {
      void this.#election.lost.then((reason) => {
        // Nothing may be written any more: somebody else is at work.
        this.#stopping.abort()
        this.failed.resolve(`Lost the leadership: ${reason}`)
      })
      if (!(await this.#election.elected)) return false
    } else this.#options.metrics.leader(true)
    if (this.#stopping.signal.aborted) return false
    this.#synced = await this.#reconcile()
    return this.#synced
  }

  notReadyReason(): string | undefined {
    if (this.#stopping.signal.aborted) return 'stopping'
    // One that waits for leadership is as ready as it can be.
    if (this.#election && !this.#election.isLeader()) return undefined
    if (this.#synced) return undefined
    const missing = this.#unread.size > 0 ? [...this.#unread].join(', ') : 'the cluster'
    return `reading the state of ${missing}`
  }

  clusters(): ClusterConditions[] {
    const clusters = this.#reflectors
      .filter(({ type }) => type === brokerClusters)
      .flatMap(({ cache }) => cache.list() as unknown as BrokerCluster[])
    return clusters.map(({ metadata, status }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      conditions: status?.conditions ?? [],
    }))
  }

  async stop(started: Promise<boolean>): Promise<void> {
    this.#stopping.abort()
    // Only when nothing of ours is being written any more may another operator begin.
    await this.#controller?.stopped
    await this.#recorder?.stop()
    await this.#election?.stop()
    await Promise.all([started, ...this.#reflectors.map(({ stopped }) => stopped)])
  }

  #reconcile(): Promise<boolean> {
    const { client, brokerAdmin, clock, random, logger, metrics, watchNamespaces, concurrency, identity } =
      this.#options
    const { brokerImage, brokerUser } = this.#options
    const recorder = createEventRecorder({
      client,
      controller: eventController,
      instance: identity,
      clock,
      random,
      logger,
    })
    this.#recorder = recorder
    const scopes = watchNamespaces.length === 0 ? [undefined] : watchNamespaces
    const views = scopes.map((namespace) => this.#watch(namespace))
    const clusters = views.map((view) => view.clusters)
    const children = views.flatMap((view) => view.children)
    const reconciler = new ClusterReconciler({
      client,
      brokerAdmin,
      clock,
      reader: new CachedClusterReader(clusters, children),
      settings: { defaultImage: brokerImage, ...(brokerUser !== undefined && { user: brokerUser }) },
      claims: this.#claims(recorder),
      recordEvent: (cluster, event) => recorder.record({ regarding: asObject(cluster), action: 'Reconcile', ...event }),
    })
    this.#controller = startController({
      name: 'brokercluster',
      reconcile: (key) => reconciler.reconcile(key),
      views: views.map(sourcesOf),
      queue: { concurrency },
      clock,
      random,
      logger,
      metrics,
      signal: this.#stopping.signal,
    })
    return this.#controller.started
  }

  /** An operator that does not elect is alone. */
  #claims(recorder: EventRecorder): ClusterClaims | undefined {
    const { client, clock, lease, logger, claimPatienceMs: patienceMs } = this.#options
    if (!lease) return undefined
    const onConflict = (cluster: BrokerCluster, owner: string): void => {
      const { namespace, name } = cluster.metadata
      const note = `Operator ${owner} looks after this cluster, operator ${formatOwner(lease)} leaves it alone`
      logger.warn('Conflict: another operator looks after this cluster', { namespace, name, owner })
      recorder.record({
        regarding: asObject(cluster),
        action: 'Reconcile',
        type: 'Warning',
        reason: 'Conflict',
        note: `${note}. Give each operator namespaces of its own.`,
      })
    }
    return new ClusterClaims({ client, clock, lease, onConflict, patienceMs })
  }

  /** A namespace that cannot be read, such as one that is gone with its permissions, holds up no other one. */
  #watch(namespace: string | undefined): View {
    const { client, clock, random, logger, metrics } = this.#options
    const { signal } = this.#stopping
    const scope = namespace === undefined ? {} : { namespace }
    const reflect = (type: ResourceType, select: ListOptions): Reflector => {
      const reflector = startReflector({ client, type, select, clock, random, logger, metrics, signal })
      this.#reflectors.push(reflector)
      return reflector
    }
    const kinds = Object.keys(childTypes) as ChildKind[]
    const view = {
      clusters: reflect(brokerClusters, scope),
      children: kinds.map((kind) => ({
        kind,
        reflector: reflect(childTypes[kind], { ...scope, labelSelector: labels.cluster }),
      })),
    }
    const name = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`
    this.#unread.add(name)
    const reflectors = [view.clusters, ...view.children.map(({ reflector }) => reflector)]
    void Promise.all(reflectors.map(({ synced }) => synced)).then(() => this.#unread.delete(name))
    return view
  }
}

/** Everything that is known of one namespace, or of all. */
interface View {
  readonly clusters: Reflector
  readonly children: readonly { readonly kind: ChildKind; readonly reflector: Reflector }[]
}

const sourcesOf = ({ clusters, children }: View): Source[] => [
  watchedBy(clusters, (object) => [keyOf(object)], ignoreStatusWrites),
  ...children.map(({ reflector }) => watchedBy(reflector, (object) => clusterKeys(object))),
]

/** Who reports Events. */
const eventController = 'flotilla.dev/operator'

const clusterKeys = (object: KubeObject): ObjectKey[] => {
  const key = clusterOf(object)
  return key ? [key] : []
}

const asObject = (cluster: BrokerCluster): KubeObject => cluster as unknown as KubeObject
