// Tells users what happened, as Events (events.k8s.io/v1) that `kubectl describe` shows. Best effort: an Event explains,
// nothing depends on it. Recording never throws, never waits and never grows without bound.
//
// An event that happens again within six minutes (same object, type, reason, action and note) is written once and then
// counted in the series of that Event; a series is written at most every 30 s, however often the event happens.
import type { Clock } from '../../broker/base/clock.ts'
import { errorMessage } from '../../broker/base/errors.ts'
import type { Logger } from '../../broker/base/logger.ts'
import type { Random } from '../../broker/base/random.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient, KubeObject, ObjectKey } from '../kube/port.ts'
import { events } from '../kube/resource-types.ts'
import {
  maxEventNoteBytes,
  maxQueuedEvents,
  maxEventSeries,
  eventSeriesMs,
  eventSeriesWritePeriodMs,
} from './limits.ts'
import { formatMicroTime } from './micro-time.ts'

interface EventToRecord {
  readonly regarding: KubeObject
  readonly type: 'Normal' | 'Warning'
  /** Why, in one PascalCase word: FailoverSeen. */
  readonly reason: string
  /** What was done or tried, in one PascalCase word: Reconcile. */
  readonly action: string
  /** For people; cut at 1024 bytes. */
  readonly note: string
}

export interface EventRecorder {
  record(event: EventToRecord): void
  /** Writes what is still waiting, for `limitMs` at most; then no more is written. Takes nothing more. Never rejects. */
  stop(limitMs?: number): Promise<void>
}

interface EventRecorderOptions {
  readonly client: KubeClient
  /** Who reports: `flotilla.dev/operator`. */
  readonly controller: string
  /** Which instance of it: the name of the pod. */
  readonly instance: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export const createEventRecorder = (options: EventRecorderOptions): EventRecorder => new QueueingEventRecorder(options)

interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

/** One Event in the API and what is yet to be written of it. */
interface Series {
  readonly id: string
  readonly key: ObjectKey
  readonly event: Omit<EventToRecord, 'regarding'> & { readonly regarding: ObjectReference }
  count: number
  lastSeenMs: number
  /** The count that the API server has; 0 = the Event is still to be made. */
  written: number
  lastWrittenMs: number
  queued: boolean
}

class QueueingEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #queue: Series[] = []
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  record(event: EventToRecord): void {
    if (this.#stopped) return
    const nowMs = this.#options.clock.monotonicMs()
    const { uid, namespace, name } = event.regarding.metadata
    const id = JSON.stringify([uid, namespace, name, event.type, event.reason, event.action, event.note])
    const known = this.#series.get(id)
    if (known && nowMs - known.lastSeenMs < eventSeriesMs) {
      known.count++
      known.lastSeenMs = nowMs
      this.#schedule(known)
      return
    }
    if (this.#queue.length >= maxQueuedEvents) return
    const series = this.#begin(id, event, nowMs)
    this.#series.delete(id)
    this.#series.set(id, series)
    if (this.#series.size > maxEventSeries) this.#series.delete(this.#series.keys().next().value!)
    this.#enqueue(series)
  }

  async stop(limitMs = 2_000): Promise<void> {
    this.#stopped = true
    const over = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(limitMs, over.resolve)
    await Promise.race([this.#writing, over.promise])
    timer.cancel()
    this.#queue.length = 0
  }

  #begin(id: string, event: EventToRecord, nowMs: number): Series {
    const { clock, random } = this.#options
    const { namespace, name } = event.regarding.metadata
    const suffix = `${clock.nowMs().toString(16)}${Math.floor(random.next() * 2 ** 32).toString(16)}`
    // The name of an Event may have 253 characters.
    const key = { namespace: namespace ?? 'default', name: `${name.slice(0, 220)}.${suffix}` }
    return {
      id,
      key,
      event: { ...event, regarding: referenceOf(event.regarding) },
      count: 1,
      lastSeenMs: nowMs,
      written: 0,
      lastWrittenMs: -Infinity,
      queued: false,
    }
  }

  /** The first repetition at once, so that a series is seen as one; the others not more often than permitted. */
  #schedule(series: Series): void {
    if (series.queued) return
    const { clock } = this.#options
    const dueMs = series.lastWrittenMs + eventSeriesWritePeriodMs
    const delayMs = series.written <= 1 ? 0 : dueMs - clock.monotonicMs()
    if (delayMs <= 0) return this.#enqueue(series)
    series.queued = true
    clock.after(delayMs, () => this.#stopped || this.#enqueue(series))
  }

  #enqueue(series: Series): void {
    series.queued = true
    this.#queue.push(series)
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    for (let series = this.#queue.shift(); series; series = this.#queue.shift()) {
      series.queued = false
      const count = series.count
      try {
        await this.#write(series, count)
        series.written = count
        series.lastWrittenMs = this.#options.clock.monotonicMs()
      } catch (error) {
        // Not tried again: the next time that it happens, it is.
        if (series.written === 0) this.#series.delete(series.id)
        this.#options.logger.warn('Cannot record an event', { reason: series.event.reason, error: errorMessage(error) })
      }
    }
    this.#writing = undefined
  }

  async #write(series: Series, count: number): Promise<void> {
    const { client, clock, controller } = this.#options
    if (series.written > 0) {
      const lastObservedTime = formatMicroTime(clock.nowMs() - (clock.monotonicMs() - series.lastSeenMs))
      try {
        await client.mergePatch(events, series.key, { series: { count, lastObservedTime } }, controller)
        return
      } catch (error) {
        // The API server forgets Events after a while: then it is a new one.
        if (!(error instanceof KubeApiError) || error.code !== 404) throw error
      }
    }
    await client.create(events, this.#build(series))
  }

  #build({ key, event }: Series): KubeObject {
    const { clock, controller, instance } = this.#options
    return {
      apiVersion: events.apiVersion,
      kind: events.kind,
      metadata: key,
      eventTime: formatMicroTime(clock.nowMs()),
      reportingController: controller,
      reportingInstance: instance,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: cutToBytes(event.note, maxEventNoteBytes),
      regarding: event.regarding,
    }
  }
}

/** An object may be large, and its series is remembered long after it has changed. */
const referenceOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectReference => ({
  apiVersion,
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
})

/** The longest beginning of the text that has this many bytes at most as UTF-8, with an ellipsis if something is missing. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes - 3
  // Not within a character: its further bytes are 10xxxxxx.
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString('utf8')}…`
}
