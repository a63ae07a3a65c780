// One pass over one cluster: look at everything, decide, write the difference, report. It keeps nothing between
// passes but what stands in the API, so it may be killed between any two writes.
//
// It is not in the failover path: the lock of a store elects, with the operator or without it.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import { parseSpec } from '../api/validate.ts'
import type { ReconcileResult } from '../controller/controller.ts'
import type { ObjectKey } from '../kube/port.ts'
import { planCluster, type PlannerSettings } from '../topology/planner.ts'
import type { Clock } from '../../broker/base/clock.ts'
import type { Random } from '../../broker/base/random.ts'
import { act, type ActEnvironment, type ActOutcome } from './act.ts'
import { applyStatus } from './apply-status.ts'
import type { ClusterClaims } from './cluster-claims.ts'
import { statusEvents } from './cluster-events.ts'
import type { ClusterReader } from './cluster-reader.ts'
import { noDatabases, readDatabases } from './databases.ts'
import { decide } from './decide.ts'
import { existingImages } from './existing-images.ts'
import type { Judgement } from './judgement.ts'
import { claimRecheckMs } from './limits.ts'
import { observe } from './observe.ts'
import { noReferences, resolveReferences } from './references.ts'
import { findSecretProblems } from './replication.ts'
import { planRequeue } from './requeue.ts'
import type { RoleWatches } from './role-watches.ts'
import { buildStatus } from './status.ts'
import { judgeStorage } from './storage-state.ts'

interface ReconcilerEnvironment extends ActEnvironment {
  readonly reader: ClusterReader
  readonly roleWatches: RoleWatches
  readonly clock: Clock
  readonly random: Random
  readonly settings: PlannerSettings
  /** undefined: every cluster is ours. */
  readonly claims?: ClusterClaims | undefined
}

export class ClusterReconciler {
  readonly #environment: ReconcilerEnvironment
  /** The status written last, and the version of the cluster that it was judged by: a cache may not have it yet. */
  readonly #written = new Map<
    string,
    { readonly resourceVersion: string | undefined; readonly status: BrokerClusterStatus }
  >()

  constructor(environment: ReconcilerEnvironment) {
    this.#environment = environment
  }

  /** Rejects after the status has been written if it can be; a rejection means: try again with a back-off. */
  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, reader, brokerAdmin, roleWatches, clock, settings, claims } = this.#environment
    const cluster = await this.#readCluster(key)
    // Children have their owner: the garbage collector of Kubernetes removes them.
    if (!cluster) claims?.forget(key)
    if (!cluster || cluster.metadata.deletionTimestamp !== undefined) return this.#leave(key, {})
    if (claims && !(await claims.isOurs(cluster))) return this.#leave(key, { requeueAfterMs: claimRecheckMs })
    const parsed = parseSpec(cluster)
    const read = await reader.readObjects(key)
    const images = existingImages(cluster, read.statefulSets)
    const databases = parsed.ok
      ? await readDatabases(client, key.namespace, parsed.spec, read.statefulSets)
      : noDatabases
    const plan = parsed.ok ? planCluster(cluster.metadata, parsed.spec, settings, images, databases.known) : undefined
    const secrets = [...databases.problems, ...(plan ? await findSecretProblems(client, plan) : [])]
    const references = plan ? await resolveReferences(client, plan) : noReferences
    const objects = { ...read, claims: [...read.claims, ...references.claims] }
    const brokersTell = roleWatches.follow(
      key,
      read.pods,
      plan && plan.edges.length > 0 ? 'roles and bridges' : 'roles',
    )
    const observation = await observe(cluster, objects, brokerAdmin)
    const nowMs = clock.nowMs()
    const paused = parsed.ok ? parsed.spec.paused : cluster.spec.paused === true
    const decision = decide(observation, plan, parsed.ok ? [] : parsed.problems, paused, nowMs)
    const outcome = await this.#act(() => act(this.#environment, observation, plan, decision))
    const storage = plan && judgeStorage(plan, observation, outcome.resizeRefused, secrets)
    const { failure, drainsRefused = new Map() } = outcome
    const judgement = { ...decision, cluster, observation, plan, storage, paused, failure, drainsRefused, nowMs }
    const status = await this.#report(judgement)
    return {
      requeueAfterMs: planRequeue(status, brokersTell, plan?.groups ?? [], {
        nowMs,
        random: this.#environment.random,
      }),
    }
  }

  #leave(key: ObjectKey, result: ReconcileResult): ReconcileResult {
    this.#environment.roleWatches.forget(key)
    return result
  }

  async #readCluster(key: ObjectKey): Promise<BrokerCluster | undefined> {
    const cluster = await this.#environment.reader.readCluster(key)
    const written = this.#written.get(`${key.namespace}/${key.name}`)
    if (!cluster) this.#written.delete(`${key.namespace}/${key.name}`)
    if (!cluster || !written) return cluster
    if (written.resourceVersion === cluster.metadata.resourceVersion) return { ...cluster, status: written.status }
    this.#written.delete(`${key.namespace}/${key.name}`)
    return cluster
  }

  /** What goes wrong stands in the status first, and is thrown then. */
  async #act(action: () => Promise<ActOutcome>): Promise<Partial<ActOutcome> & { failure?: unknown }> {
    try {
      return await action()
    } catch (failure) {
      return { failure }
    }
  }

  /** Rejects with what went wrong, when that is written. */
  async #report(judgement: Judgement): Promise<BrokerClusterStatus> {
    const { client, recordEvent } = this.#environment
    const { cluster, failure } = judgement
    const status = buildStatus(judgement)
    for (const event of statusEvents(cluster, status)) recordEvent(cluster, event)
    const { namespace, name, resourceVersion } = cluster.metadata
    if (await applyStatus(client, cluster, status))
      this.#written.set(`${namespace}/${name}`, { resourceVersion, status })
    if (failure !== undefined) throw failure
    return status
  }
}
