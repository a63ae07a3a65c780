// The engine of every controller: watches say which objects to look at, a queue coalesces them, `reconcile` compares
// whole states and changes the difference. A failure is tried again with growing waits. Everything is synchronous,
// because the registry is; nothing runs while nothing changes.
import type { LocalObject, Registry, RegistryEvent, ResourceName } from '../api/registry.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { type Log, messageOf } from '../base/log.ts'
import type { EventRecorder } from './event-recorder.ts'
import { firstRetryMs, longestRetryMs } from './limits.ts'

export interface ControllerContext {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
}

export interface Stoppable {
  stop(): void
}

export interface Trigger {
  readonly resource: ResourceName
  /** The keys (see keyOf) to reconcile because of this object. */
  keysOf(object: LocalObject, type: RegistryEvent['type']): Iterable<string>
}

/** `reconcile` may return after how many milliseconds it wants to look again without any change. */
export type Reconcile = (key: string) => number | undefined

export function runController(
  context: Pick<ControllerContext, 'registry' | 'clock' | 'log'>,
  name: string,
  triggers: readonly Trigger[],
  reconcile: Reconcile,
): Stoppable {
  const queue = new Set<string>()
  const timers = new Map<string, Timer>()
  const failures = new Map<string, number>()
  let drainIsDue = false
  let stopped = false

  function add(key: string): void {
    queue.add(key)
    if (drainIsDue || stopped) return
    drainIsDue = true
    setImmediate(drain)
  }

  function drain(): void {
    drainIsDue = false
    const keys = [...queue]
    queue.clear()
    for (const key of keys) if (!stopped) look(key)
  }

  function look(key: string): void {
    timers.get(key)?.cancel()
    timers.delete(key)
    let againMs: number | undefined
    try {
      againMs = reconcile(key)
      failures.delete(key)
    } catch (error) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      againMs = Math.min(firstRetryMs * 2 ** count, longestRetryMs)
      context.log('warn', 'A controller will try again', { controller: name, key, againMs, error: messageOf(error) })
    }
    if (againMs === undefined) return
    const timer = context.clock.after(againMs, () => {
      timers.delete(key)
      add(key)
    })
    timers.set(key, timer)
  }

  const watches = triggers.map(({ resource, keysOf }) =>
    context.registry.watch(resource, (event) => {
      for (const key of keysOf(event.object, event.type)) add(key)
    }),
  )
  return {
    stop() {
      stopped = true
      for (const watch of watches) watch.close()
      for (const timer of timers.values()) timer.cancel()
    },
  }
}
