// Keeps a cache equal to what the API server has of one kind: lists, then watches from there on, for ever. Nothing that
// the server answers, and no silence of it, ends a reflector; only its signal does.
//
//   list ──► watch ──► ended by the server ──► watch from the last version seen
//     ▲        ├── 410, or an answer that will not get better ──► list; what is missing from it was deleted
//     │        └── 401, 403, 429, 5xx, no answer ──► wait (Retry-After, back-off) ──► watch from the last version seen
//     └─────── once an hour, which makes good an event that was lost
//
// It will not tell objects apart or decide what a change means: that is for the controllers that subscribe.
import type { Clock } from '../../broker/base/clock.ts'
import { errorMessage } from '../../broker/base/errors.ts'
import type { Logger } from '../../broker/base/logger.ts'
import type { Random } from '../../broker/base/random.ts'
import { KubeApiError, KubeUnreachableError } from '../kube/errors.ts'
import type { KubeClient, KubeObject, ListOptions, ResourceType, WatchEvent } from '../kube/port.ts'
import { backoffMs } from './backoff.ts'
import {
  relistPeriodMs,
  watchHealthyMs,
  firstWatchRetryMs,
  maxWatchRetryMs,
  maxWatchTimeoutSeconds,
  minWatchTimeoutSeconds,
} from './limits.ts'
import { type ControllerMetrics, noMetrics } from './metrics.ts'
import { type ObjectChange, ObjectStore, type ResourceCache } from './resource-cache.ts'
import { sleep } from './sleep.ts'

interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly type: ResourceType
  /** What to watch. Default: everything of the kind. */
  readonly select?: ListOptions
  /**
   * What to keep of an object, such as hashes instead of the contents of a Secret. Must keep the metadata.
   * metadata.managedFields is never kept.
   */
  readonly transform?: (object: T) => T
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics?: ControllerMetrics
  /** Ends the reflector. */
  readonly signal: AbortSignal
}

export interface Reflector<T extends KubeObject = KubeObject> {
  readonly type: ResourceType
  readonly cache: ResourceCache<T>
  /** True once the first complete list is in the cache; false if the reflector was ended before. Never rejects. */
  readonly synced: Promise<boolean>
  /** Resolves after the signal, when nothing runs any more. Never rejects. */
  readonly stopped: Promise<void>
  /**
   * Calls `onChange` for every object that is in the cache already (as `added`) and then for each change, after the
   * cache has it. Returns how to unsubscribe.
   */
  subscribe(onChange: (change: ObjectChange<T>) => void): () => void
}

export function startReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  const run = new ReflectorRun(options)
  return {
    type: options.type,
    cache: run.store,
    synced: run.synced.promise,
    stopped: run.run(),
    subscribe(onChange) {
      // Its own function object, so that the same callback may subscribe twice.
      const subscriber = (change: ObjectChange<T>) => onChange(change)
      for (const object of run.store.list()) run.notify(subscriber, { type: 'added', object, old: undefined })
      run.subscribers.add(subscriber)
      return () => void run.subscribers.delete(subscriber)
    },
  }
}

class ReflectorRun<T extends KubeObject> {
  readonly store = new ObjectStore<T>()
  readonly synced = Promise.withResolvers<boolean>()
  readonly subscribers = new Set<(change: ObjectChange<T>) => void>()
  readonly #options: ReflectorOptions<T>
  readonly #metrics: ControllerMetrics
  readonly #logger: Logger
  /** Where the next watch begins; undefined = list first. */
  #resourceVersion: string | undefined
  #relistAtMs = 0
  #failures = 0

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#metrics = options.metrics ?? noMetrics
    const { namespace } = options.select ?? {}
    this.#logger = options.logger.child({ kind: options.type.kind, ...(namespace !== undefined && { namespace }) })
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined || clock.monotonicMs() >= this.#relistAtMs) await this.#list()
        if (!signal.aborted) await this.#watch(this.#resourceVersion!)
      } catch (error) {
        if (!signal.aborted) await this.#recover(error)
      }
    }
    this.synced.resolve(false)
  }

  notify(subscriber: (change: ObjectChange<T>) => void, change: ObjectChange<T>): void {
    try {
      subscriber(change)
    } catch (error) {
      this.#logger.error('Subscriber of a watch failed', { error: errorMessage(error), change: change.type })
    }
  }

  async #list(): Promise<void> {
    const { client, type, select, clock, random, signal } = this.#options
    const list = await untilAborted(client.list<T>(type, select ?? {}), signal)
    if (!list) return
    this.#publish(this.store.replaceAll(list.items.map((object) => this.#reduce(object))))
    this.#resourceVersion = list.resourceVersion
    this.#relistAtMs = clock.monotonicMs() + relistPeriodMs * (0.8 + 0.4 * random.next())
    this.#metrics.listed(type.kind)
    this.#logger.debug('Listed', { objects: list.items.length, resourceVersion: list.resourceVersion })
    this.synced.resolve(true)
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { client, type, select, clock, random, signal } = this.#options
    const beganMs = clock.monotonicMs()
    const timeoutSeconds = Math.round(
      minWatchTimeoutSeconds + (maxWatchTimeoutSeconds - minWatchTimeoutSeconds) * random.next(),
    )
    const lasted = () => clock.monotonicMs() - beganMs >= watchHealthyMs
    try {
      await client.watch<T>(
        type,
        { ...select, resourceVersion, timeoutSeconds },
        (event) => {
          if (!signal.aborted) this.#receive(event)
        },
        signal,
      )
    } catch (error) {
      // Refused, however slowly, is something else than cut.
      if (lasted() && error instanceof KubeUnreachableError) this.#failures = 0
      throw error
    }
    if (signal.aborted) return
    this.#metrics.watchEnded(type.kind, 'closed')
    if (lasted()) this.#failures = 0
    // A server that ends every watch at once is not to be asked in a tight loop.
    else await this.#pause(0)
  }

  #receive(event: WatchEvent<T>): void {
    this.#failures = 0
    if (event.type === 'BOOKMARK') {
      this.#resourceVersion = event.resourceVersion
      return
    }
    const object = this.#reduce(event.object)
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
    this.#publish(event.type === 'DELETED' ? this.store.remove(object) : this.store.put(object))
  }

  async #recover(error: unknown): Promise<void> {
    const kind = this.#options.type.kind
    if (isExpired(error)) {
      this.#resourceVersion = undefined
      this.#metrics.watchEnded(kind, 'expired')
      this.#logger.info('Watch expired, listing again')
      // The first time at once: the view is stale. A server that answers 410 to every watch is asked ever more rarely.
      if (this.#failures++ > 0) await this.#pause(0)
      return
    }
    if (!isTransient(error)) this.#resourceVersion = undefined
    this.#metrics.watchEnded(kind, 'error')
    const retryAfterMs = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0
    const code = error instanceof KubeApiError ? error.code : undefined
    this.#logger.warn('Watch failed', { error: errorMessage(error), code, failures: this.#failures + 1 })
    await this.#pause(retryAfterMs)
  }

  /** Waits for the back-off, and not shorter than the server asks for. */
  async #pause(retryAfterMs: number): Promise<void> {
    const { clock, random, signal } = this.#options
    this.#failures++
    const limits = { baseMs: firstWatchRetryMs, maxMs: maxWatchRetryMs }
    await sleep(clock, Math.max(backoffMs(this.#failures, limits, random), retryAfterMs), signal)
  }

  #publish(changes: readonly ObjectChange<T>[]): void {
    for (const change of changes) for (const subscriber of this.subscribers) this.notify(subscriber, change)
  }

  #reduce(object: T): T {
    delete object.metadata.managedFields
    return this.#options.transform ? this.#options.transform(object) : object
  }
}

const isExpired = (error: unknown): boolean =>
  error instanceof KubeApiError && (error.code === 410 || error.reason === 'Expired')

/** Whether the version seen last is still good to go on from. 504 is what a server answers to a version it has never had. */
const isTransient = (error: unknown): boolean =>
  error instanceof KubeUnreachableError ||
  (error instanceof KubeApiError &&
    ([401, 403, 408, 429].includes(error.code) || (error.code >= 500 && error.code !== 504)))

/** The result, or undefined once the signal aborts, whatever becomes of the request then. */
async function untilAborted<R>(request: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const onAbort = () => aborted.resolve(undefined)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  request.catch(() => {})
  try {
    return await Promise.race([request, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
