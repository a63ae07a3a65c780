// The messages of a queue by priority (ActiveMQ: prioritizedMessages): a window for each priority that there were messages of.
// The next message is the first one of the highest priority, wherever that one is; within a priority they are in the order of
// their sequences. A window that has to be read first is waited for, so that nothing of a lower priority overtakes.
//
// A queue that has no priorities any more, but messages from when it had: those go first, so that none waits for ever behind
// what comes now.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { defaultPriority, highestPriority } from '../../store/priority-holder.ts'
import type { QueueEntry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'
import { LookPositions, type LookPosition } from '../window/look-positions.ts'
import { PriorityLevel, type LevelWindow, type LookingConsumers } from './priority-level.ts'
import type { QueueLookers } from './queue-lookers.ts'
import type { QueueWindow } from './queue-window.ts'

interface Parts {
  /** Of the default priority; its positions are those of the consumers themselves. */
  readonly plain: LevelWindow
  readonly consumers: LookingConsumers
  /** False: the others are left over. */
  readonly isPrioritized: boolean
  /** Makes the window of another priority. */
  windowAt(priority: number, positions: LookPositions): LevelWindow
}

export class PrioritizedWindows implements QueueWindow {
  readonly #parts: Parts
  /** Those who are to be consumed first stand first. */
  #levels: readonly PriorityLevel[] = []
  readonly #byPriority: (PriorityLevel | undefined)[] = Array.from({ length: highestPriority + 1 }, () => undefined)
  /** Where the last sweep was in the middle of one. */
  #sweeping = 0
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#add(defaultPriority)
  }

  get size(): number {
    let size = 0
    for (const { window } of this.#levels) size += window.size
    return size
  }

  get hasCold(): boolean {
    return this.#levels.some(({ window }) => window.hasCold)
  }

  get loading(): boolean {
    return this.#levels.some(({ window }) => window.loading)
  }

  get first(): QueueEntry | undefined {
    return this.#top?.first
  }

  takeFirst(): QueueEntry {
    return this.#top!.takeFirst()
  }

  recover(count: number, upTo: Sequence, besides: readonly Sequence[], priority: number): void {
    if (count > 0) this.#window(priority).recover(count, upTo, besides)
  }

  arriveStored(sequence: Sequence, message: Message | null, priority: number): void {
    this.#window(priority).arriveStored(sequence, message)
  }

  offerArrival(sequence: Sequence, message: Message, lookers: QueueLookers, priority: number): boolean {
    const { window, lookersFor } = this.#level(priority)
    return window.offerArrival(sequence, message, lookersFor(lookers))
  }

  arrive(entry: QueueEntry): void {
    this.#window(entry.priority).arrive(entry)
  }

  passThrough(sequence: Sequence, message: Message, priority: number): QueueEntry {
    return this.#window(priority).passThrough(sequence, message)
  }

  comeBack(entries: readonly QueueEntry[]): void {
    for (const at of new Set(entries.map(({ priority }) => priority)))
      this.#window(at).comeBack(entries.filter(({ priority }) => priority === at))
  }

  gone(sequence: Sequence, priority: number): void {
    this.#window(priority).gone(sequence)
  }

  *entriesBehind(sequence: Sequence): IterableIterator<QueueEntry> {
    const entries = this.#levels.flatMap(({ window }) => [...window.entriesBehind(sequence)])
    yield* entries.sort((a, b) => a.sequence - b.sequence)
  }

  takeExpired(nowMs: number): QueueEntry[] {
    return this.#levels.flatMap(({ window }) => window.takeExpired(nowMs))
  }

  takeExpiredCold(sequence: Sequence, message: Message, priority: number): QueueEntry | undefined {
    return this.#window(priority).takeExpiredCold(sequence, message)
  }

  /** One after the other: each has its turn, however much there is in those before it. */
  async sweepPage(maxMessages: number, expire: (entry: QueueEntry) => void): Promise<boolean> {
    for (let swept = this.#levels.length; swept > 0; swept--) {
      const { window } = this.#levels[this.#sweeping % this.#levels.length]!
      if (await window.sweepPage(maxMessages, expire)) return true
      this.#sweeping++
    }
    return false
  }

  /** What is next, and then as much of what comes after it that consumers find work when that is gone. */
  refill(wanted: boolean): void {
    let ahead = 0
    for (const { window } of this.#levels) {
      if (window.size === 0) continue
      window.refill(wanted && ahead === 0)
      ahead += window.size
      if (window.loading || ahead >= destinationLimits.pageLowWaterMessages) return
    }
  }

  look(lookers: QueueLookers): void {
    for (const { window, lookersFor } of this.#levels) if (window.size > 0) window.look(lookersFor(lookers))
  }

  passedOver(positions: readonly LookPosition[]): number {
    let count = 0
    for (const level of this.#levels) count += level.passedOver(positions)
    return count
  }

  endLook(): void {
    for (const level of this.#levels) level.endLook()
  }

  close(): void {
    this.#closed = true
    for (const { window } of this.#levels) window.close()
  }

  /** Of those that have messages the one that comes first. */
  get #top(): LevelWindow | undefined {
    for (const { window } of this.#levels) if (window.size > 0) return window
    return undefined
  }

  #window(priority: number): LevelWindow {
    return this.#level(priority).window
  }

  #level(priority: number): PriorityLevel {
    return this.#byPriority[priority] ?? this.#add(priority)
  }

  #add(priority: number): PriorityLevel {
    const { plain, consumers, windowAt } = this.#parts
    const positions = priority === defaultPriority ? consumers.positions : new LookPositions()
    const window = priority === defaultPriority ? plain : windowAt(priority, positions)
    const level = new PriorityLevel({ priority, window, positions, consumers })
    if (priority !== defaultPriority) consumers.positions.tell(level)
    if (this.#closed) window.close()
    this.#byPriority[priority] = level
    // Not in the array that somebody may just be walking through.
    this.#levels = [...this.#levels, level].sort((one, other) => this.#rankOf(other) - this.#rankOf(one))
    for (const [index, one] of this.#levels.entries()) one.above = this.#levels.slice(0, index)
    return level
  }

  #rankOf({ priority }: PriorityLevel): number {
    return this.#parts.isPrioritized || priority !== defaultPriority ? priority : -1
  }
}
