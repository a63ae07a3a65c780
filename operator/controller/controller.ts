// Joins sources (reflectors: which changes concern which keys) with a queue and a reconcile function. Sources that make a
// whole view only together, such as those of one namespace, are one view: what it reports is reconciled when each of them
// has its first complete list, so that nobody acts upon half a view; other views do not wait for it.
//
// It will not read or write objects itself, and does not elect: start it when this process is the leader.
import type { Clock } from '../../broker/base/clock.ts'
import { errorCode, errorMessage } from '../../broker/base/errors.ts'
import type { Logger } from '../../broker/base/logger.ts'
import type { Random } from '../../broker/base/random.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeObject, ObjectKey } from '../kube/port.ts'
import { type ControllerMetrics, noMetrics } from './metrics.ts'
import { formatKey, parseKey } from './object-key.ts'
import type { Predicate } from './predicates.ts'
import type { Reflector } from './reflector.ts'
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts'

/** What a reconcile that did not fail wants: to be called again after this time even if nothing changes. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number
}

/**
 * Brings the object of this name (and what belongs to it) to what is wanted, from a fresh look at everything. A rejection
 * is logged and tried again with a back-off. Never called twice at the same time for one key. `signal` says that the
 * controller is stopping: finish the current write and return.
 */
export type Reconcile = (key: ObjectKey, signal: AbortSignal) => Promise<ReconcileResult>

/** Built by `watchedBy`, which keeps the type of the objects together. */
export interface Source {
  readonly synced: Promise<boolean>
  connect(enqueue: (key: ObjectKey) => void): () => void
}

/**
 * Changes seen by a reflector that pass the predicate (default: all) wake the keys that `keysOf` names. For `modified`
 * it is asked about the old and the new state, so that an object that moves from one owner to another wakes both.
 */
export function watchedBy<T extends KubeObject>(
  reflector: Reflector<T>,
  keysOf: (object: T) => readonly ObjectKey[],
  predicate: Predicate<T> = () => true,
): Source {
  return {
    synced: reflector.synced,
    connect: (enqueue) =>
      reflector.subscribe((change) => {
        if (!predicate(change)) return
        if (change.type === 'modified' && change.old) keysOf(change.old).forEach(enqueue)
        keysOf(change.object).forEach(enqueue)
      }),
  }
}

interface ControllerOptions {
  /** For logs and metrics, such as `brokercluster`. */
  readonly name: string
  readonly reconcile: Reconcile
  readonly views: readonly (readonly Source[])[]
  readonly queue?: WorkQueueOptions
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics?: ControllerMetrics
  /** Stops the controller. */
  readonly signal: AbortSignal
}

export interface Controller {
  /** True when every view was complete and is reconciled; false if the controller was stopped before. Never rejects. */
  readonly started: Promise<boolean>
  /** Resolves after the signal, when the last reconcile has ended. Never rejects. */
  readonly stopped: Promise<void>
  /** Asks for a reconcile, such as after something was seen that no source reports. */
  enqueue(key: ObjectKey): void
}

export function startController(options: ControllerOptions): Controller {
  const { name, clock, random, signal } = options
  const metrics = options.metrics ?? noMetrics
  const logger = options.logger.child({ controller: name })
  const queue = new WorkQueue(
    (key) => reconcileKey(options, metrics, logger, queue, key),
    { clock, random, onDepth: (depth) => metrics.queueDepth(name, depth) },
    options.queue,
  )
  const enqueue = (key: ObjectKey) => queue.add(formatKey(key))
  const disconnect: (() => void)[] = []

  const stopped = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<false>()
  const stop = () => {
    aborted.resolve(false)
    for (const end of disconnect) end()
    void queue.stop().then(() => {
      logger.info('Controller stopped')
      stopped.resolve()
    })
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })

  /** A source tells what it has already when it is connected: nothing is missed by doing so late. */
  const open = async (view: readonly Source[]): Promise<boolean> => {
    const synced = await Promise.race([Promise.all(view.map((source) => source.synced)), aborted.promise])
    if (synced === false || synced.includes(false) || signal.aborted) return false
    for (const source of view) disconnect.push(source.connect(enqueue))
    queue.start()
    return true
  }
  const start = async (): Promise<boolean> => {
    const opened = await Promise.all(options.views.map(open))
    if (opened.includes(false)) return false
    logger.info('Controller started')
    return true
  }
  return { started: start(), stopped: stopped.promise, enqueue }
}

async function reconcileKey(
  options: ControllerOptions,
  metrics: ControllerMetrics,
  logger: Logger,
  queue: WorkQueue,
  text: string,
): Promise<ReconcileResult> {
  const beganMs = options.clock.monotonicMs()
  const key = parseKey(text)
  const ended = (result: 'success' | 'requeue' | 'error') =>
    metrics.reconciled(options.name, result, options.clock.monotonicMs() - beganMs)
  try {
    const result = await options.reconcile(key, options.signal)
    ended(result.requeueAfterMs === undefined ? 'success' : 'requeue')
    return result
  } catch (error) {
    ended('error')
    logFailure(logger, key, error, queue.failures(text) + 1)
    throw error
  }
}

/** A write conflict is everyday business: somebody else was faster, the next try reads what they wrote. */
function logFailure(logger: Logger, key: ObjectKey, error: unknown, failures: number): void {
  const code = error instanceof KubeApiError ? error.code : errorCode(error)
  const fields = { namespace: key.namespace, name: key.name, error: errorMessage(error), code, failures }
  if (code === 409 && failures === 1) logger.debug('Reconcile met a conflict', fields)
  else logger.error('Reconcile failed', fields)
}
