// What happens to senders while memory is full: their sends are held back, in order, and admitted when consumers have made
// room. A client that waits for its answer waits; one that does not is not read any more once it has sent too much.
//
// A connection that both sends and consumes could block itself: its acknowledgements stand behind its sends in the socket.
// Therefore sends are held back outside the destinations while the connection is still read, more of them when it holds
// deliveries. When even that is used up for `blockedConsumerTimeoutMs`, its held back sends (non-persistent ones) are
// refused with ResourceAllocationException and it is read again: acknowledgements get through at last, memory stays bounded.
import type { Clock, Timer } from '../base/clock.ts'
import { JmsError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { Deque } from '../destination/deque.ts'
import type { MemoryUsage } from '../destination/memory-usage.ts'
import type { Intake } from './intake.ts'
import { connectionLimits } from './limits.ts'

export interface HeldBack {
  readonly sender: Sender
  /** Keeps what this producer sends afterwards behind it; null for what has no order. */
  readonly producerId: string | null
  readonly bytes: number
  /** Memory that it holds already: does not count against itself. */
  readonly ownBytes: number
  admit(): void
  refuse(error: JmsError): void
}

/** What flow control keeps per connection. */
export class Sender {
  readonly connectionId: string
  readonly intake: Intake
  readonly holdsDeliveries: () => boolean
  heldBackBytes = 0
  heldBackCount = 0
  timer: Timer | null = null

  constructor(connectionId: string, intake: Intake, holdsDeliveries: () => boolean) {
    this.connectionId = connectionId
    this.intake = intake
    this.holdsDeliveries = holdsDeliveries
  }
}

export class FlowControl {
  readonly #memory: MemoryUsage
  readonly #clock: Clock
  readonly #logger: Logger
  #waiting = new Deque<HeldBack>()
  readonly #producers = new Map<string, number>()
  readonly #blocked = new Set<Sender>()
  #admitting = false

  constructor(memory: MemoryUsage, clock: Clock, logger: Logger) {
    this.#memory = memory
    this.#clock = clock
    this.#logger = logger
  }

  get blockedConnections(): number {
    return this.#blocked.size
  }

  /** True when a send of `producerId` has to wait: for memory if it needs some, and behind its earlier sends. */
  mustWait(producerId: string, needsMemory: boolean): boolean {
    return (needsMemory && this.#memory.full) || (this.#producers.size > 0 && this.#producers.has(producerId))
  }

  holdBack(held: HeldBack): void {
    const { sender } = held
    this.#waiting.push(held)
    this.#count(held, 1)
    this.#blocked.add(sender)
    const holdsDeliveries = sender.holdsDeliveries()
    const limit = holdsDeliveries ? connectionLimits.heldBackBytesOfConsumers : connectionLimits.heldBackBytes
    if (sender.heldBackBytes < limit) return
    sender.intake.stop('memory')
    this.#startTimer(sender)
  }

  /** Admits what memory allows; to be called whenever some may have been released. */
  relieve(): void {
    if (this.#waiting.length === 0 || this.#admitting || !this.#fits(this.#waiting.first()!, this.#memory.relieved))
      return
    this.#admitting = true
    try {
      for (let held = this.#waiting.first(); held && this.#fits(held, true); held = this.#waiting.first()) {
        this.#waiting.shift()
        this.#count(held, -1)
        held.admit()
      }
    } finally {
      this.#admitting = false
    }
  }

  /** The connection has gone: nobody waits for its sends any more. */
  leave(sender: Sender): void {
    sender.timer?.cancel()
    sender.timer = null
    this.#refuseAll(sender, `Cannot send: connection ${sender.connectionId} was closed`)
  }

  #fits(held: HeldBack, relieved: boolean): boolean {
    const used = this.#memory.used - held.ownBytes
    return relieved ? used < this.#memory.limit : held.ownBytes > 0 && used < this.#memory.limit
  }

  #count(held: HeldBack, by: 1 | -1): void {
    const { sender, producerId } = held
    sender.heldBackBytes += by * held.bytes
    sender.heldBackCount += by
    if (producerId !== null) {
      const count = (this.#producers.get(producerId) ?? 0) + by
      if (count > 0) this.#producers.set(producerId, count)
      else this.#producers.delete(producerId)
    }
    if (by === 1 || sender.heldBackCount > 0) return
    this.#blocked.delete(sender)
    sender.timer?.cancel()
    sender.timer = null
    sender.intake.start('memory')
  }

  #startTimer(sender: Sender): void {
    sender.timer ??= this.#clock.after(connectionLimits.blockedConsumerTimeoutMs, () => {
      sender.timer = null
      if (!sender.holdsDeliveries()) return this.#startTimer(sender)
      this.#logger.warn('Refusing sends of a connection that blocks its own acknowledgements', {
        connectionId: sender.connectionId,
        messages: sender.heldBackCount,
        memoryUsed: this.#memory.used,
        memoryLimit: this.#memory.limit,
      })
      this.#refuseAll(
        sender,
        `Cannot send: the broker's memory is full (${this.#memory.used} of ${this.#memory.limit} bytes) and this ` +
          'connection holds messages that it has not acknowledged; send and consume on separate connections',
      )
    })
  }

  #refuseAll(sender: Sender, reason: string): void {
    if (sender.heldBackCount === 0) return
    const kept = new Deque<HeldBack>()
    const refused: HeldBack[] = []
    for (const held of this.#waiting)
      if (held.sender === sender) refused.push(held)
      else kept.push(held)
    this.#waiting = kept
    for (const held of refused) this.#count(held, -1)
    for (const held of refused) held.refuse(new JmsError('javax.jms.ResourceAllocationException', reason))
  }
}
