// Leader election by a Lease (coordination.k8s.io/v1): of all processes that contend for it, one at most believes that it
// is the leader.
//
//   contend ──► hold ──► renewed in time ──► hold …
//      ▲          └────► not renewed for `renewDeadlineMs`, or somebody else holds the Lease ──► lost, for good
//
// Who contends waits until the Lease has not changed for its duration, by the own monotonic clock: the times in the Lease
// were written by another clock and are for people. Who holds it gives up before that time is over: renewDeadlineMs is
// shorter than durationMs, and counts from before the last successful write was sent. A lost leadership does not come
// back: who wants to lead again starts another election, when nothing of the last time is written any more.
import type { Clock } from '../../broker/base/clock.ts'
import { errorMessage } from '../../broker/base/errors.ts'
import type { Logger } from '../../broker/base/logger.ts'
import type { Random } from '../../broker/base/random.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient, KubeObject, ObjectKey } from '../kube/port.ts'
import { leases } from '../kube/resource-types.ts'
import { leaseDurationMs, leaseRenewDeadlineMs, leaseRetryPeriodMs } from './limits.ts'
import { type ControllerMetrics, noMetrics } from './metrics.ts'
import { formatMicroTime } from './micro-time.ts'
import { sleep } from './sleep.ts'

interface LeaderElectionOptions {
  readonly client: KubeClient
  /** The Lease; made if it is not there. */
  readonly lease: ObjectKey
  /** Unique among the contenders, and from one start of a process to the next. */
  readonly identity: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics?: ControllerMetrics
  /** How long the Lease is good without being renewed. Default 15 s; whole seconds. */
  readonly durationMs?: number
  /** How long the holder goes on without a successful renewal. Default 10 s. */
  readonly renewDeadlineMs?: number
  /** Between two tries. Default 2 s. */
  readonly retryPeriodMs?: number
}

export interface LeaderElection {
  /** True once this process is the leader; false if it was stopped before. Never rejects. */
  readonly elected: Promise<boolean>
  /** Resolves with the reason when leadership is lost; never after `stop`. */
  readonly lost: Promise<string>
  /** By the clock: a process that was frozen is not the leader when it goes on, whatever it does first. */
  isLeader(): boolean
  /** Ends the election. A Lease that is held is released, so that another may take it at once: stop all writing before. */
  stop(): Promise<void>
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
    [field: string]: unknown
  }
}

export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const elector = new LeaderElector(options)
  const ended = elector.run()
  return {
    elected: elector.elected.promise,
    lost: elector.lost.promise,
    isLeader: () => elector.isLeader(),
    stop: async () => {
      elector.stopping.abort()
      await ended
      await elector.release()
    },
  }
}

class LeaderElector {
  readonly elected = Promise.withResolvers<boolean>()
  readonly lost = Promise.withResolvers<string>()
  readonly stopping = new AbortController()
  leading = false
  readonly #options: LeaderElectionOptions
  readonly #metrics: ControllerMetrics
  readonly #logger: Logger
  readonly #durationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  /** The Lease as last read or written, and since when it has been like that, by the own clock. */
  #observed: Lease | undefined
  #observedSinceMs = 0
  /** Until when the last renewal is good. */
  #goodUntilMs = 0

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#metrics = options.metrics ?? noMetrics
    this.#logger = options.logger.child({ lease: `${options.lease.namespace}/${options.lease.name}` })
    this.#durationMs = options.durationMs ?? leaseDurationMs
    this.#renewDeadlineMs = options.renewDeadlineMs ?? leaseRenewDeadlineMs
    this.#retryPeriodMs = options.retryPeriodMs ?? leaseRetryPeriodMs
  }

  async run(): Promise<void> {
    this.#metrics.leader(false)
    const heldSinceMs = await this.#contend()
    if (heldSinceMs === undefined) return this.elected.resolve(false)
    this.#goodUntilMs = heldSinceMs + this.#renewDeadlineMs
    this.leading = true
    this.#metrics.leader(true)
    this.#logger.info('Became the leader', { identity: this.#options.identity })
    // Taken while being stopped: only to be released.
    this.elected.resolve(!this.stopping.signal.aborted)
    const reason = await this.#hold()
    if (reason === undefined) return
    this.leading = false
    this.#metrics.leader(false)
    this.#logger.error('Lost the leadership', { reason })
    this.lost.resolve(reason)
  }

  isLeader(): boolean {
    return this.leading && this.#options.clock.monotonicMs() < this.#goodUntilMs
  }

  /** Empties the holder, so that the next contender need not wait. Best effort, and not for long. */
  async release(): Promise<void> {
    const lease = this.#observed
    if (!this.leading || !lease) return
    this.leading = false
    this.#metrics.leader(false)
    const now = formatMicroTime(this.#options.clock.nowMs())
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    const write = this.#options.client
      .replace(leases, { ...lease, spec })
      .then(() => this.#logger.info('Released the leadership'))
      .catch((error: unknown) => this.#logger.warn('Cannot release the lease', { error: errorMessage(error) }))
    await Promise.race([write, sleep(this.#options.clock, this.#retryPeriodMs, new AbortController().signal)])
  }

  /** Returns since when the Lease is held, or undefined when stopped. */
  async #contend(): Promise<number | undefined> {
    const { clock, random } = this.#options
    const { signal } = this.stopping
    while (!signal.aborted) {
      const beganMs = clock.monotonicMs()
      const held = await this.#within(this.#attempt(), this.#renewDeadlineMs)
      // Stopped meanwhile, or so slow that what was written may be outdated: as if it had failed.
      if (held === true && clock.monotonicMs() - beganMs < this.#renewDeadlineMs) return beganMs
      await sleep(clock, this.#retryPeriodMs * (1 + 0.2 * random.next()), signal)
    }
    return undefined
  }

  /** Returns why the Lease is no longer held, or undefined when stopped. */
  async #hold(): Promise<string | undefined> {
    const { clock } = this.#options
    const { signal } = this.stopping
    const leftMs = () => this.#goodUntilMs - clock.monotonicMs()
    for (;;) {
      await sleep(clock, Math.max(0, Math.min(this.#retryPeriodMs, leftMs())), signal)
      if (signal.aborted) return undefined
      const beganMs = clock.monotonicMs()
      const held = leftMs() > 0 ? await this.#within(this.#attempt(), leftMs()) : undefined
      if (signal.aborted) return undefined
      const holder = this.#observed?.spec?.holderIdentity
      if (held === true && leftMs() > 0) this.#goodUntilMs = beganMs + this.#renewDeadlineMs
      else if (held === false && holder !== this.#options.identity) return `the lease is held by ${holder || 'nobody'}`
      else if (leftMs() <= 0) return `the lease could not be renewed for ${this.#renewDeadlineMs} ms`
    }
  }

  /** The result of the attempt, or undefined when it fails or takes longer than this. */
  async #within(attempt: Promise<boolean>, limitMs: number): Promise<boolean | undefined> {
    const over = new AbortController()
    const failed = (error: unknown): undefined => {
      this.#logger.warn('Cannot renew or take the lease', { error: errorMessage(error) })
    }
    try {
      return await Promise.race([
        attempt.catch(failed),
        sleep(this.#options.clock, limitMs, over.signal).then(() => undefined),
      ])
    } finally {
      over.abort()
    }
  }

  /** Takes or renews the Lease if that is permitted. False: somebody else holds it, or was faster. Rejects without an answer. */
  async #attempt(): Promise<boolean> {
    // The holder knows the newest version from its own last write; a conflict shows that somebody else wrote.
    if (!this.leading || !this.#observed) {
      if (!(await this.#observe())) return this.#write(undefined)
    }
    if (!this.#mayTake()) return false
    if (await this.#write(this.#observed)) return true
    if (!(await this.#observe())) return this.#write(undefined)
    return this.#observed?.spec?.holderIdentity === this.#options.identity && this.#write(this.#observed)
  }

  #mayTake(): boolean {
    const spec = this.#observed?.spec
    const holder = spec?.holderIdentity
    if (!holder || holder === this.#options.identity) return true
    const durationMs = Math.max(this.#durationMs, (spec.leaseDurationSeconds ?? 0) * 1000)
    return this.#options.clock.monotonicMs() - this.#observedSinceMs >= durationMs
  }

  /** Reads the Lease; undefined if there is none. */
  async #observe(): Promise<Lease | undefined> {
    const lease = await this.#options.client.get<Lease>(leases, this.#options.lease)
    this.#remember(lease)
    return lease
  }

  #remember(lease: Lease | undefined): void {
    if (lease?.metadata.resourceVersion === this.#observed?.metadata.resourceVersion && lease && this.#observed) return
    this.#observed = lease
    this.#observedSinceMs = this.#options.clock.monotonicMs()
  }

  /** False when the Lease is no longer what it was: somebody else wrote it, or deleted it. */
  async #write(current: Lease | undefined): Promise<boolean> {
    const { client, lease, identity, clock } = this.#options
    const now = formatMicroTime(clock.nowMs())
    const mine = current?.spec?.holderIdentity === identity
    const spec = {
      ...current?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: mine ? (current.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (current?.spec?.leaseTransitions ?? 0) + (current && !mine ? 1 : 0),
    }
    try {
      const written = current
        ? await client.replace<Lease>(leases, { ...current, spec })
        : await client.create<Lease>(leases, {
            apiVersion: leases.apiVersion,
            kind: leases.kind,
            metadata: { namespace: lease.namespace, name: lease.name },
            spec,
          })
      this.#remember(written)
      return true
    } catch (error) {
      if (error instanceof KubeApiError && (error.code === 409 || (error.code === 404 && current))) return false
      throw error
    }
  }
}
