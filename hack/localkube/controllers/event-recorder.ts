// Records Events as a cluster's own components do: one object per (object, reason, message), whose count grows.
// Events older than an hour are swept. An Event that cannot be written is dropped: it must never stop the work it tells of.
import { createHash } from 'node:crypto'
import type { LocalObject, Registry } from '../api/registry.ts'
import { type Clock, type Timer, timestamp } from '../base/clock.ts'
import { type Log, messageOf } from '../base/log.ts'
import { eventLifetimeMs, eventSweepPeriodMs, longestEventMessage } from './limits.ts'
import { events } from './resource-names.ts'

export interface EventRecorder {
  record(about: LocalObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void
  /** A recorder that signs as another component. */
  as(component: string): EventRecorder
  stop(): void
}

export function createEventRecorder(
  registry: Registry,
  clock: Clock,
  log: Log,
  component = 'localkube',
): EventRecorder {
  let sweeper: Timer = clock.after(eventSweepPeriodMs, sweep)

  function sweep(): void {
    for (const event of registry.list(events)) {
      const last = Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp)
      if (clock.nowMs() - last < eventLifetimeMs) continue
      registry.delete(events, event.metadata.namespace, event.metadata.name)
    }
    sweeper = clock.after(eventSweepPeriodMs, sweep)
  }

  function write(component: string, about: LocalObject, type: string, reason: string, message: string, path?: string) {
    const text = message.slice(0, longestEventMessage)
    const { namespace, name, uid } = about.metadata
    const digest = createHash('sha256').update([uid, component, type, reason, text, path].join('\n')).digest('hex')
    const eventName = `${name.slice(0, 230)}.${digest.slice(0, 16)}`
    const eventNamespace = namespace ?? 'default'
    const now = timestamp(clock.nowMs())
    const repeated = registry.update(events, eventNamespace, eventName, (event) => {
      event['count'] = (event['count'] ?? 1) + 1
      event['lastTimestamp'] = now
    })
    if (repeated) return
    registry.create(events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace: eventNamespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        uid,
        resourceVersion: about.metadata.resourceVersion,
        ...(namespace === undefined ? {} : { namespace }),
        ...(path === undefined ? {} : { fieldPath: path }),
      },
      type,
      reason,
      message: text,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
    })
  }

  const recorderFor = (component: string): EventRecorder => ({
    record(about, type, reason, message, fieldPath) {
      try {
        write(component, about, type, reason, message, fieldPath)
      } catch (error) {
        log('debug', 'An Event was not written', { reason, message, error: messageOf(error) })
      }
    },
    as: recorderFor,
    stop: () => sweeper.cancel(),
  })
  return recorderFor(component)
}
