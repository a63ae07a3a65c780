// What happens to senders while memory or the store is full: their sends are held back, in order, and admitted when
// consumers have made room; or refused, at once or after a while, where that is configured. A client that waits for its
// answer waits; one that does not is not read any more once it has sent too much. Acknowledgements never wait.
//
// Sends that wait for memory and those that wait for the store stand in lines of their own, so that neither holds up the
// other; one that has an earlier one of the same producer (or transaction) before it stands in the same line behind it.
//
// A connection that both sends and consumes could block itself: its acknowledgements stand behind its sends in the socket.
// Therefore sends are held back outside the destinations while the connection is still read, more of them when it holds
// deliveries. When even that is used up for `blockedConsumerTimeoutMs`, its held back sends are refused with
// ResourceAllocationException and it is read again: acknowledgements get through at last, memory stays bounded.
import type { Clock, Timer } from '../base/clock.ts'
import { RefusalError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { Deque } from '../base/deque.ts'
import type { MemoryUsage } from '../destination/memory-usage.ts'
import type { MessageHolder, MessageStore } from '../store/message-store.ts'
import type { Intake } from './intake.ts'
import { connectionLimits } from './limits.ts'

/** When a send that finds no room is refused: 0 = at once, Infinity = never. */
export interface WhenNoSpace {
  readonly refuseAfterMs: number
}

export interface HeldBack {
  readonly sender: SenderAccount
  /** Keeps what its sender sends in the same order behind it: the id of a producer, or a transaction. */
  readonly order: SendOrder
  readonly bytes: number
  readonly needsMemory: boolean
  /** Memory that it holds already: does not count against itself. */
  readonly ownBytes: number
  /** Room in the store that it needs; 0 = none. */
  readonly storeBytes: number
  /** Of what needs it: the first, where there are several. */
  readonly storeHolder: MessageHolder | undefined
  admit(): void
  /** Without an error when nobody wants it any more. */
  refuse(error?: RefusalError): void
}

/** What has to stay in order, within one connection: nobody else can put anything into it, or take it away. */
export type SendOrder = string | object

/** What flow control keeps per connection. */
export class SenderAccount {
  readonly connectionId: string
  readonly intake: Intake
  readonly holdsDeliveries: () => boolean
  heldBackBytes = 0
  heldBackCount = 0
  timer: Timer | null = null
  /** In which line those of each order wait, and how many. */
  readonly orders = new Map<SendOrder, Order>()

  constructor(connectionId: string, intake: Intake, holdsDeliveries: () => boolean) {
    this.connectionId = connectionId
    this.intake = intake
    this.holdsDeliveries = holdsDeliveries
  }
}

export interface FlowControlOptions {
  readonly memory: MemoryUsage
  readonly store: Pick<MessageStore, 'hasRoom'>
  readonly clock: Clock
  readonly logger: Logger
  readonly whenNoSpace?: WhenNoSpace | undefined
}

interface Line {
  waiting: Deque<HeldBack & { readonly sinceMs: number }>
}

interface Order {
  count: number
  readonly line: Line
}

const letWait: WhenNoSpace = { refuseAfterMs: Number.POSITIVE_INFINITY }

export class FlowControl {
  readonly #options: FlowControlOptions
  readonly #memory: MemoryUsage
  readonly #refuseAfterMs: number
  readonly #forMemory: Line = { waiting: new Deque() }
  readonly #forStore: Line = { waiting: new Deque() }
  readonly #blocked = new Set<SenderAccount>()
  #admitting = false
  #timer: Timer | undefined

  constructor(options: FlowControlOptions) {
    this.#options = options
    this.#memory = options.memory
    this.#refuseAfterMs = (options.whenNoSpace ?? letWait).refuseAfterMs
  }

  get blockedConnections(): number {
    return this.#blocked.size
  }

  /** True when a send has to wait: for memory, for room in the store, or behind earlier ones of its order. */
  mustWait(
    { orders }: SenderAccount,
    order: SendOrder,
    needsMemory: boolean,
    storeHolder?: MessageHolder,
    storeBytes = 0,
  ): boolean {
    return (
      (needsMemory && this.#memory.full) ||
      (storeHolder !== undefined && this.#lacksRoom(storeHolder, storeBytes)) ||
      (orders.size > 0 && orders.has(order))
    )
  }

  holdBack(held: HeldBack): void {
    if (this.#refuseAfterMs <= 0) return held.refuse(this.#noSpace(held))
    const line = this.#lineFor(held)
    line.waiting.push({ ...held, sinceMs: this.#options.clock.monotonicMs() })
    this.#count(held, 1, line)
    const { sender } = held
    this.#blocked.add(sender)
    this.#startRefusing()
    const holdsDeliveries = sender.holdsDeliveries()
    const limit = holdsDeliveries ? connectionLimits.heldBackBytesOfConsumers : connectionLimits.heldBackBytes
    if (sender.heldBackBytes < limit) return
    sender.intake.stop('space')
    this.#startTimer(sender)
  }

  /** Admits what there is room for; to be called whenever some may have come back. */
  relieve(): void {
    if (this.#admitting) return
    this.#admitting = true
    try {
      this.#relieve(this.#forMemory)
      this.#relieve(this.#forStore)
    } finally {
      this.#admitting = false
    }
  }

  /** Nobody wants what is held back of this order any more. */
  withdraw(sender: SenderAccount, order: SendOrder): void {
    if (sender.orders.has(order)) this.#refuseAll((held) => held.sender === sender && held.order === order)
  }

  /** The connection has gone: nobody waits for its sends any more. */
  leave(sender: SenderAccount): void {
    sender.timer?.cancel()
    sender.timer = null
    this.#refuseSender(sender, `Cannot send: connection ${sender.connectionId} was closed`)
  }

  /** What is large must not wait for ever because the small slip past it. */
  #lacksRoom(holder: MessageHolder, bytes: number): boolean {
    return this.#forStore.waiting.length > 0 || !this.#options.store.hasRoom(holder, bytes)
  }

  #lineFor({ sender, order, needsMemory }: HeldBack): Line {
    const before = sender.orders.get(order)
    if (before) return before.line
    return needsMemory && this.#memory.full ? this.#forMemory : this.#forStore
  }

  #relieve(line: Line): void {
    const first = line.waiting.first()
    if (!first || !this.#fits(first, this.#memory.relieved)) return
    // Admitting may change the line.
    for (let held = line.waiting.first(); held && this.#fits(held, true); held = line.waiting.first()) {
      line.waiting.shift()
      this.#count(held, -1, line)
      held.admit()
    }
  }

  #fits({ needsMemory, ownBytes, storeHolder, storeBytes }: HeldBack, relieved: boolean): boolean {
    if (storeHolder && !this.#options.store.hasRoom(storeHolder, storeBytes)) return false
    if (!needsMemory) return true
    const used = this.#memory.used - ownBytes
    return relieved ? used < this.#memory.limit : ownBytes > 0 && used < this.#memory.limit
  }

  #count({ sender, order, bytes }: HeldBack, by: 1 | -1, line: Line): void {
    sender.heldBackBytes += by * bytes
    sender.heldBackCount += by
    const { orders } = sender
    const known = orders.get(order) ?? { count: 0, line }
    known.count += by
    if (known.count > 0) orders.set(order, known)
    else orders.delete(order)
    if (by === 1 || sender.heldBackCount > 0) return
    this.#blocked.delete(sender)
    sender.timer?.cancel()
    sender.timer = null
    sender.intake.start('space')
  }

  #startTimer(sender: SenderAccount): void {
    sender.timer ??= this.#options.clock.after(connectionLimits.blockedConsumerTimeoutMs, () => {
      sender.timer = null
      if (!sender.holdsDeliveries()) return this.#startTimer(sender)
      this.#options.logger.warn('Refusing sends of a connection that blocks its own acknowledgements', {
        connectionId: sender.connectionId,
        messages: sender.heldBackCount,
        memoryUsed: this.#memory.used,
        memoryLimit: this.#memory.limit,
      })
      this.#refuseSender(
        sender,
        `Cannot send: the broker is full (memory ${this.#memory.used} of ${this.#memory.limit} bytes) and this ` +
          'connection holds messages that it has not acknowledged; send and consume on separate connections',
      )
    })
  }

  /** Refuses what has waited for too long, now and as long as something waits. */
  #startRefusing(): void {
    if (this.#timer || this.#refuseAfterMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#options
    const firsts = [this.#forMemory, this.#forStore].flatMap(({ waiting }) => waiting.first() ?? [])
    if (firsts.length === 0) return
    const dueMs = Math.min(...firsts.map(({ sinceMs }) => sinceMs)) + this.#refuseAfterMs
    this.#timer = clock.after(Math.max(1, dueMs - clock.monotonicMs()), () => {
      this.#timer = undefined
      const sinceMs = clock.monotonicMs() - this.#refuseAfterMs
      this.#refuseAll(
        (held) => held.sinceMs <= sinceMs,
        (held) => this.#noSpace(held),
      )
      // What stood behind them.
      this.relieve()
      this.#startRefusing()
    })
  }

  #noSpace({ storeBytes }: HeldBack): RefusalError {
    const reason =
      storeBytes > 0
        ? `the store has no room for ${storeBytes} bytes`
        : `the broker's memory is full (${this.#memory.used} of ${this.#memory.limit} bytes)`
    return new RefusalError('RESOURCE_LIMIT', `Cannot send: ${reason} (sendFailIfNoSpace)`)
  }

  #refuseSender(sender: SenderAccount, reason: string): void {
    if (sender.heldBackCount === 0) return
    this.#refuseAll(
      (held) => held.sender === sender,
      () => new RefusalError('RESOURCE_LIMIT', reason),
    )
  }

  #refuseAll(
    isMeant: (held: HeldBack & { readonly sinceMs: number }) => boolean,
    errorFor: (held: HeldBack) => RefusalError | undefined = () => undefined,
  ): void {
    const refused: HeldBack[] = []
    for (const line of [this.#forMemory, this.#forStore]) {
      const kept: Line['waiting'] = new Deque()
      for (const held of line.waiting) {
        if (!isMeant(held)) {
          kept.push(held)
          continue
        }
        refused.push(held)
        this.#count(held, -1, line)
      }
      line.waiting = kept
    }
    for (const held of refused) held.refuse(errorFor(held))
  }
}
