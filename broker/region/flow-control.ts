// What happens to senders while there is no room for what they send (room.ts): their sends are held back, in order, and
// admitted when consumers have made room; or refused, at once or after a while, where that is configured. A client that
// waits for its answer waits; one that does not is not read any more once it has sent too much. Acknowledgements never wait.
//
// Those who wait for the same place (of one destination in memory, or in the store) stand in one line, so that no destination
// holds up the senders to another, and persistent messages do not hold up others; a send that has an earlier one of the same
// producer (or transaction) before it stands in the same line behind it.
//
// A connection that both sends and consumes could block itself: its acknowledgements stand behind its sends in the socket.
// Therefore sends are held back outside the destinations while the connection is still read, more of them when it holds
// deliveries. When even that is used up for `blockedConsumerTimeoutMs`, its held back sends are refused with
// ResourceAllocationException and it is read again: acknowledgements get through at last, memory stays bounded.
//
// Another broker's bridge waits for its answers instead, and is never refused for want of room alone (as in ActiveMQ): a refusal
// would end it, and what it sends is safe where it comes from. It is read on while it waits, as far as an honest one can need it:
// if it forwards in both directions, answers that make room here come behind what it sends. Only when they do, and even that is
// used up, the same refusal sets it free (session/openwire/duplex-end.ts has the whole argument).
import type { Clock, Timer } from '../base/clock.ts'
import { RefusalError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { Deque } from '../base/deque.ts'
import type { Intake } from './intake.ts'
import { connectionLimits, flowLimits } from './limits.ts'

/** When a send that finds no room is refused: 0 = at once, Infinity = never. */
export interface WhenNoSpace {
  readonly refuseAfterMs: number
}

export interface HeldBack {
  readonly sender: SenderAccount
  /** Keeps what its sender sends in the same order behind it: the id of a producer, or a transaction. */
  readonly order: SendOrder
  readonly bytes: number
  /** Where it finds no room, or others wait before it (room.ts). */
  readonly place: object
  /** Whether there is room for it now. */
  fits(): boolean
  /** What is full, for the refusal. */
  whatIsFull(): string
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
  /** It has yet to send what may make room here. */
  readonly holdsDeliveries: () => boolean
  /** Another broker's bridge. */
  readonly network: boolean
  heldBackBytes = 0
  heldBackCount = 0
  timer: Timer | null = null
  /** Its connection has gone. */
  closed = false
  /** In which line those of each order wait, and how many. */
  readonly orders = new Map<SendOrder, Order>()

  constructor(connectionId: string, intake: Intake, holdsDeliveries: () => boolean, network = false) {
    this.connectionId = connectionId
    this.intake = intake
    this.holdsDeliveries = holdsDeliveries
    this.network = network
  }
}

export interface FlowControlOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly whenNoSpace?: WhenNoSpace | undefined
}

type Waiting = HeldBack & { readonly sinceMs: number }

interface Line {
  readonly place: object
  waiting: Deque<Waiting>
}

interface Order {
  count: number
  readonly line: Line
}

const letWait: WhenNoSpace = { refuseAfterMs: Number.POSITIVE_INFINITY }

export class FlowControl {
  readonly #options: FlowControlOptions
  readonly #refuseAfterMs: number
  /** By place; none is empty. */
  readonly #lines = new Map<object, Line>()
  readonly #blocked = new Set<SenderAccount>()
  #networkBytes = 0
  #admitting = false
  #soon: Timer | undefined
  #timer: Timer | undefined

  constructor(options: FlowControlOptions) {
    this.#options = options
    this.#refuseAfterMs = (options.whenNoSpace ?? letWait).refuseAfterMs
  }

  get blockedConnections(): number {
    return this.#blocked.size
  }

  /** True when a send has others before it: for the same place, or of its own order. */
  hasOthersBefore(sender: SenderAccount, order: SendOrder, place: object): boolean {
    return this.#lines.size > 0 && (this.#lines.has(place) || sender.orders.has(order))
  }

  /** True when earlier sends of this order are held back. */
  holds({ orders }: SenderAccount, order: SendOrder): boolean {
    return orders.size > 0 && orders.has(order)
  }

  holdBack(held: HeldBack): void {
    if (this.#refuseAfterMs <= 0 && !held.sender.network) return held.refuse(noSpace(held))
    const line = this.#lineFor(held)
    line.waiting.push({ ...held, sinceMs: this.#options.clock.monotonicMs() })
    this.#count(held, 1, line)
    const { sender } = held
    this.#blocked.add(sender)
    this.#startRefusing()
    if (sender.heldBackBytes < this.#limitOf(sender)) return
    sender.intake.stop('space')
    this.#startTimer(sender)
  }

  /** Admits what there is room for; to be called whenever some may have come back. With many lines soon, not at once. */
  relieve(): void {
    if (this.#lines.size === 0 || this.#admitting) return
    if (this.#lines.size <= flowLimits.linesRelievedAtOnce) return this.#relieveAll()
    if (this.#soon) return
    this.#soon = this.#options.clock.after(flowLimits.relieveManyLinesMs, () => {
      this.#soon = undefined
      this.#relieveAll()
    })
  }

  /** Nobody wants what is held back of this order any more. */
  withdraw(sender: SenderAccount, order: SendOrder): void {
    if (sender.orders.has(order)) this.#refuseAll((held) => held.sender === sender && held.order === order)
  }

  /** The connection has gone: nobody waits for its sends any more. */
  leave(sender: SenderAccount): void {
    sender.closed = true
    sender.timer?.cancel()
    sender.timer = null
    this.#refuseSender(sender, () => `Cannot send: connection ${sender.connectionId} was closed`)
  }

  /** How much of a sender is held back while it is read. */
  #limitOf({ network, holdsDeliveries }: SenderAccount): number {
    const limits = connectionLimits
    if (network && this.#networkBytes <= limits.heldBackBytesOfAllNetworks) return limits.heldBackBytesOfNetworks
    return network || holdsDeliveries() ? limits.heldBackBytesOfConsumers : limits.heldBackBytes
  }

  #lineFor({ sender, order, place }: HeldBack): Line {
    const line = sender.orders.get(order)?.line ?? this.#lines.get(place) ?? { place, waiting: new Deque() }
    this.#lines.set(line.place, line)
    return line
  }

  #relieveAll(): void {
    this.#admitting = true
    try {
      for (const line of this.#lines.values()) this.#relieveLine(line)
    } finally {
      this.#admitting = false
    }
  }

  // Admitting may change the line.
  #relieveLine(line: Line): void {
    for (let held = line.waiting.first(); held?.fits(); held = line.waiting.first()) {
      line.waiting.shift()
      this.#count(held, -1, line)
      held.admit()
    }
    this.#endIfEmpty(line)
  }

  #endIfEmpty(line: Line): void {
    const { place, waiting } = line
    if (waiting.length === 0 && this.#lines.get(place) === line) this.#lines.delete(place)
  }

  #count({ sender, order, bytes }: HeldBack, by: 1 | -1, line: Line): void {
    sender.heldBackBytes += by * bytes
    if (sender.network) this.#networkBytes += by * bytes
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
      })
      this.#refuseSender(
        sender,
        (held) =>
          `Cannot send: ${held.whatIsFull()}, and this connection ` +
          (sender.network
            ? 'has sent more than a bridge can have under way before it answers'
            : 'holds messages that it has not acknowledged; send and consume on separate connections'),
      )
    })
  }

  /** Refuses what has waited for too long, now and as long as something waits. */
  #startRefusing(): void {
    if (this.#timer || this.#refuseAfterMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#options
    let firstMs = Number.POSITIVE_INFINITY
    for (const { waiting } of this.#lines.values()) firstMs = Math.min(firstMs, firstRefusable(waiting))
    if (firstMs === Number.POSITIVE_INFINITY) return
    const dueMs = firstMs + this.#refuseAfterMs
    this.#timer = clock.after(Math.max(1, dueMs - clock.monotonicMs()), () => {
      this.#timer = undefined
      const sinceMs = clock.monotonicMs() - this.#refuseAfterMs
      this.#refuseAll((held) => !held.sender.network && held.sinceMs <= sinceMs, noSpace)
      // What stood behind them.
      this.relieve()
      this.#startRefusing()
    })
  }

  #refuseSender(sender: SenderAccount, reason: (held: HeldBack) => string): void {
    if (sender.heldBackCount === 0) return
    this.#refuseAll(
      (held) => held.sender === sender,
      (held) => new RefusalError('RESOURCE_LIMIT', reason(held)),
    )
  }

  #refuseAll(
    isMeant: (held: Waiting) => boolean,
    errorFor: (held: HeldBack) => RefusalError | undefined = () => undefined,
  ): void {
    const refused: HeldBack[] = []
    for (const line of this.#lines.values()) {
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
      this.#endIfEmpty(line)
    }
    for (const held of refused) held.refuse(errorFor(held))
  }
}

/** Since when the first one waits that may not wait for ever; Infinity when there is none. */
function firstRefusable(waiting: Iterable<Waiting>): number {
  for (const { sender, sinceMs } of waiting) if (!sender.network) return sinceMs
  return Number.POSITIVE_INFINITY
}

const noSpace = (held: HeldBack): RefusalError =>
  new RefusalError('RESOURCE_LIMIT', `Cannot send: ${held.whatIsFull()} (sendFailIfNoSpace)`)
