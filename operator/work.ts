// What an operator does while it is the leader: watches fill caches, changes wake keys, and each key is reconciled by a
// ClusterReconciler. It is done once, until it is ended; who leads again begins anew, from what the API server says then.
//
// It will not elect: whether it may write is the client's business.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../broker/base/clock.ts'
import type { Logger } from '../broker/base/logger.ts'
import type { Random } from '../broker/base/random.ts'
import type { BrokerCluster } from './api/broker-cluster.ts'
import type { Condition } from './api/conditions.ts'
import { labels } from './api/names.ts'
import type { BrokerAdmin } from './broker-admin/broker-admin.ts'
import { type Controller, type Source, startController, watchedBy } from './controller/controller.ts'
import { createEventRecorder, type EventRecorder } from './controller/event-recorder.ts'
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
import { keepOfPod } from './reconcile/kept-fields.ts'
import { RoleWatches } from './reconcile/role-watches.ts'
import type { PlannerSettings } from './topology/planner.ts'

export interface WorkOptions {
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
  /** The Lease by which leaders are elected, and other operators told apart; undefined: there is no other operator. */
  readonly lease: ObjectKey | undefined
  /** For tests: how long the Lease of another operator has to stand still before its clusters are taken over. */
  readonly claimPatienceMs?: number
  /** Unique among operators: the name of the pod, and from one start to the next. */
  readonly identity: string
  /** Reconciles at the same time. */
  readonly concurrency: number
}

export interface ClusterConditions extends ObjectKey {
  readonly conditions: readonly Condition[]
}

export class Work {
  /** True when everything was read and is reconciled; false if it was ended before. Never rejects. */
  readonly started: Promise<boolean>
  readonly #options: WorkOptions
  readonly #ending = new AbortController()
  readonly #reflectors: Reflector[] = []
  readonly #controller: Controller
  readonly #recorder: EventRecorder
  readonly #roleWatches: RoleWatches
  /** Of what is looked after, what could not be read yet: `namespace shop`. */
  readonly #unread = new Set<string>()
  #synced = false

  constructor(options: WorkOptions) {
    this.#options = options
    const { client, brokerAdmin, identity, clock, random, logger } = options
    const controller = eventController
    this.#recorder = createEventRecorder({ client, controller, instance: identity, clock, random, logger })
    this.#roleWatches = new RoleWatches(brokerAdmin, clock, (key) => this.#controller.enqueue(key))
    this.#controller = this.#reconcile()
    this.started = this.#controller.started.then((synced) => (this.#synced = synced))
  }

  /** Why it does not reconcile everything yet; undefined when it does. */
  notReadyReason(): string | undefined {
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

  /** Finishes what is being written, and takes nothing more. Never rejects. */
  async end(): Promise<void> {
    this.#ending.abort()
    await this.#controller.stopped
    this.#roleWatches.close()
    await this.#recorder.stop()
    await Promise.all([this.started, ...this.#reflectors.map(({ stopped }) => stopped)])
  }

  #reconcile(): Controller {
    const { client, brokerAdmin, clock, random, logger, metrics, watchNamespaces, concurrency } = this.#options
    const { brokerImage, brokerUser } = this.#options
    const recorder = this.#recorder
    const scopes = watchNamespaces.length === 0 ? [undefined] : watchNamespaces
    const views = scopes.map((namespace) => this.#watch(namespace))
    const clusters = views.map((view) => view.clusters)
    const children = views.flatMap((view) => view.children)
    const reconciler = new ClusterReconciler({
      client,
      brokerAdmin,
      roleWatches: this.#roleWatches,
      clock,
      random,
      reader: new CachedClusterReader(clusters, children),
      settings: { defaultImage: brokerImage, ...(brokerUser !== undefined && { user: brokerUser }) },
      claims: this.#claims(),
      newToken: () => randomBytes(securityTokenBytes).toString('base64url'),
      recordEvent: (cluster, event) => recorder.record({ regarding: asObject(cluster), action: 'Reconcile', ...event }),
    })
    return startController({
      name: 'brokercluster',
      reconcile: (key) => reconciler.reconcile(key),
      views: views.map(sourcesOf),
      queue: { concurrency },
      clock,
      random,
      logger,
      metrics,
      signal: this.#ending.signal,
    })
  }

  /** An operator that does not elect is alone. */
  #claims(): ClusterClaims | undefined {
    const { client, clock, lease, logger, claimPatienceMs: patienceMs } = this.#options
    if (!lease) return undefined
    const onConflict = (cluster: BrokerCluster, owner: string): void => {
      const { namespace, name } = cluster.metadata
      const note = `Operator ${owner} looks after this cluster, operator ${formatOwner(lease)} leaves it alone`
      logger.warn('Conflict: another operator looks after this cluster', { namespace, name, owner })
      this.#recorder.record({
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
    const { signal } = this.#ending
    const scope = namespace === undefined ? {} : { namespace }
    const reflect = (type: ResourceType, select: ListOptions): Reflector => {
      const transform = type === childTypes.pods ? keepOfPod : undefined
      const environment = { client, clock, random, logger, metrics, signal }
      const reflector = startReflector({ ...environment, type, select, ...(transform && { transform }) })
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

/** As many as no one tries out. */
const securityTokenBytes = 32

/** Who reports Events. */
const eventController = 'flotilla.dev/operator'

const clusterKeys = (object: KubeObject): ObjectKey[] => {
  const key = clusterOf(object)
  return key ? [key] : []
}

const asObject = (cluster: BrokerCluster): KubeObject => cluster as unknown as KubeObject
