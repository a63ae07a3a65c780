// Messages of one queue that the broker delivers again, but not yet. They are out of the window, so that nobody waits behind
// them, and go back to their places in it when they are due. What can be read again is here without its body.
import type { Clock, Timer } from '../../base/clock.ts'
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { dueMsOf, type BrokerRedelivery, type WaitingQueue } from '../broker-redelivery.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { QueueEntry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'

interface Wait {
  readonly dueMs: number
  readonly entry: QueueEntry
}

interface Parts {
  readonly clock: Clock
  readonly redelivery: BrokerRedelivery
  readonly queue: string
  /** These are due, in no order. */
  readonly due: (entries: QueueEntry[]) => void
}

export class RedeliveryWaits implements WaitingQueue {
  readonly #parts: Parts
  /** A heap: the one that is due first stands first. */
  readonly #waits: Wait[] = []
  #timer: Timer | null = null
  #timerMs = 0

  /** null when the broker delivers nothing of this queue again. */
  static of(
    queue: Destination,
    { clock, redelivery }: Pick<DestinationContext, 'clock' | 'redelivery'>,
    due: Parts['due'],
  ): RedeliveryWaits | null {
    if (!redelivery?.policyFor(queue)) return null
    return new RedeliveryWaits({ clock, redelivery, queue: queue.name, due })
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#waits.length
  }

  /** In no order. */
  *[Symbol.iterator](): IterableIterator<QueueEntry> {
    for (const { entry } of this.#waits) yield entry
  }

  /** Whether a message has to wait: it is not due yet, and there is room for it here. */
  wants(message: Message): boolean {
    const { clock, redelivery, queue } = this.#parts
    return dueMsOf(message, clock.nowMs()) > 0 && redelivery.hasRoom(queue)
  }

  /** Takes an entry that has to wait; false when it has not. */
  take(entry: QueueEntry): boolean {
    if (entry.redeliveryCounter === 0 || !entry.message || !this.wants(entry.message)) return false
    this.#add({ dueMs: entry.message.arrival, entry })
    this.#parts.redelivery.enter()
    if (this.size === 1) this.#parts.redelivery.waits(this, true)
    if (entry.readable && entry.durable) entry.release()
    this.#arm()
    return true
  }

  release(): void {
    this.stop()
    this.#takeDue(Number.POSITIVE_INFINITY)
  }

  /** Nothing is delivered any more; what waits stays where it is. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** The queue is gone. */
  clear(): void {
    this.stop()
    for (const { entry } of this.#waits) entry.release()
    this.#parts.redelivery.leave(this.#waits.length)
    this.#parts.redelivery.waits(this, false)
    this.#waits.length = 0
  }

  #arm(): void {
    const first = this.#waits[0]
    if (!first || (this.#timer && this.#timerMs <= first.dueMs)) return
    this.#timer?.cancel()
    this.#timerMs = first.dueMs
    const { clock } = this.#parts
    const delayMs = Math.min(Math.max(0, first.dueMs - clock.nowMs()), destinationLimits.longestTimerMs)
    this.#timer = clock.after(delayMs, () => {
      this.#timer = null
      this.#takeDue(clock.nowMs())
      this.#arm()
    })
  }

  #takeDue(nowMs: number): void {
    const { redelivery } = this.#parts
    const due: QueueEntry[] = []
    while (this.#waits.length > 0 && this.#waits[0]!.dueMs <= nowMs) due.push(this.#removeFirst().entry)
    redelivery.leave(due.length)
    if (this.size === 0) redelivery.waits(this, false)
    if (due.length > 0) this.#parts.due(due)
  }

  #add(wait: Wait): void {
    const waits = this.#waits
    let at = waits.length
    waits.push(wait)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (waits[above]!.dueMs <= wait.dueMs) break
      waits[at] = waits[above]!
      at = above
    }
    waits[at] = wait
  }

  #removeFirst(): Wait {
    const waits = this.#waits
    const first = waits[0]!
    const last = waits.pop()!
    if (waits.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= waits.length) break
      if (below + 1 < waits.length && waits[below + 1]!.dueMs < waits[below]!.dueMs) below++
      if (waits[below]!.dueMs >= last.dueMs) break
      waits[at] = waits[below]!
      at = below
    }
    waits[at] = last
    return first
  }
}
