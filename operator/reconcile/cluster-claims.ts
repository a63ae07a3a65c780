// Two operators that look after the same namespace: who has a cluster stands in its status, as the namespace and name of the
// Lease by which that operator elects its leader. The other one leaves the cluster alone.
//
//   nobody ──► claimed: applied without force, under a field manager of its own; of two at once the API server refuses one
//   somebody else, whose Lease changes ──► left alone
//   somebody else, whose Lease has not changed for a minute, or is not there ──► taken over
//
// At rest it reads and writes nothing: what it goes by is in the cache. A Lease that may not be read is one that changes.
import type { Clock } from '../../broker/base/clock.ts'
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { brokerClusterApiVersion, brokerClusterKind, operatorFieldManager } from '../api/names.ts'
import { isGone, KubeApiError } from '../kube/errors.ts'
import type { KubeClient, ObjectKey } from '../kube/port.ts'
import { brokerClusters, leases } from '../kube/resource-types.ts'
import { contentHash } from '../topology/content-hash.ts'
import { claimPatienceMs, claimReadPeriodMs } from './limits.ts'

interface ClusterClaimsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  /** The Lease of this operator. */
  readonly lease: ObjectKey
  /** Called once for each cluster that is somebody else's, and again when it is another one's. */
  readonly onConflict: (cluster: BrokerCluster, owner: string) => void
  /** For tests. */
  readonly patienceMs?: number | undefined
}

/** The Lease of another operator, as last read. */
interface SeenLease {
  readonly version: string | undefined
  readonly sinceMs: number
  readonly readMs: number
}

export class ClusterClaims {
  readonly #options: ClusterClaimsOptions
  readonly #self: string
  readonly #patienceMs: number
  /** Of each cluster the uid: a cache may not have yet what was written. */
  readonly #claimed = new Map<string, string>()
  /** Of each cluster that is somebody else's, whose it was said to be. */
  readonly #conflicts = new Map<string, string>()
  readonly #leases = new Map<string, SeenLease>()

  constructor(options: ClusterClaimsOptions) {
    this.#options = options
    this.#self = formatOwner(options.lease)
    this.#patienceMs = options.patienceMs ?? claimPatienceMs
  }

  /** Whether the cluster is this operator's to look after, which it is made if it is nobody's. Rejects with the errors of the client. */
  async isOurs(cluster: BrokerCluster): Promise<boolean> {
    const key = formatOwner(cluster.metadata)
    const owner = cluster.status?.operator
    if (owner === this.#self) return this.#remember(cluster)
    if (owner === undefined) return this.#claimed.get(key) === cluster.metadata.uid || this.#claim(cluster, false)
    this.#claimed.delete(key)
    if (!(await this.#isAlive(owner))) return this.#claim(cluster, true)
    if (this.#conflicts.get(key) !== owner) this.#options.onConflict(cluster, owner)
    this.#conflicts.set(key, owner)
    return false
  }

  /** The cluster is gone. */
  forget(cluster: ObjectKey): void {
    this.#claimed.delete(formatOwner(cluster))
    this.#conflicts.delete(formatOwner(cluster))
  }

  #remember({ metadata }: BrokerCluster): true {
    this.#claimed.set(formatOwner(metadata), metadata.uid)
    this.#conflicts.delete(formatOwner(metadata))
    return true
  }

  /** False when somebody else was faster: the cache will say who. */
  async #claim(cluster: BrokerCluster, force: boolean): Promise<boolean> {
    const { name, namespace, uid, resourceVersion } = cluster.metadata
    const object = {
      apiVersion: brokerClusterApiVersion,
      kind: brokerClusterKind,
      // Only what was judged may be taken from somebody.
      metadata: { name, namespace, uid, ...(force && resourceVersion !== undefined && { resourceVersion }) },
      status: { operator: this.#self },
    }
    // A name of a manager has 128 characters at most.
    const fieldManager = `${operatorFieldManager}/${contentHash(this.#self)}`
    try {
      await this.#options.client.apply(brokerClusters, object, { fieldManager, force, subresource: 'status' })
      return this.#remember(cluster)
    } catch (error) {
      if (isGone(error) || (error instanceof KubeApiError && error.code === 409)) return false
      throw error
    }
  }

  async #isAlive(owner: string): Promise<boolean> {
    const nowMs = this.#options.clock.monotonicMs()
    const seen = this.#leases.get(owner)
    if (seen && nowMs - seen.readMs < claimReadPeriodMs) return nowMs - seen.sinceMs < this.#patienceMs
    const version = await this.#versionOf(owner)
    const sinceMs = seen && seen.version === version ? seen.sinceMs : nowMs
    this.#leases.set(owner, { version, sinceMs, readMs: nowMs })
    return nowMs - sinceMs < this.#patienceMs
  }

  /** Of the Lease; undefined when there is none. */
  async #versionOf(owner: string): Promise<string | undefined> {
    const [namespace = '', name = ''] = owner.split('/')
    try {
      return (await this.#options.client.get(leases, { namespace, name }))?.metadata.resourceVersion
    } catch (error) {
      if (!(error instanceof KubeApiError) || error.code !== 403) throw error
      return `unreadable at ${this.#options.clock.monotonicMs()}`
    }
  }
}

/** As it stands in the status. */
export const formatOwner = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`
