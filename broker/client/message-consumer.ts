// Receives messages of one subscription: keeps what the broker sent ahead, hands it out to receivers or to the listener, and
// delivers again what was rolled back. How it is acknowledged is in acknowledgements.ts, what comes twice in
// delivery-history.ts.
import type { Timer } from '../base/clock.ts'
import { isError } from '../base/errors.ts'
import type { Destination } from '../message/destination.ts'
import { buildPull, buildRemoveInfo } from '../openwire/build-commands.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import { consumerIdText } from '../openwire/id-text.ts'
import type {
  ConsumerControl,
  ConsumerInfo,
  MessageCommand,
  MessageDispatch,
  TransactionId,
} from '../wire/openwire/commands.ts'
import { decodePrimitiveMap } from '../wire/openwire/properties.ts'
import type { AcknowledgeMode } from './acknowledgements.ts'
import { Acknowledgements } from './acknowledgements.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { Delivery } from './delivery.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import type { Accepted } from './given.ts'
import { check, refused } from './given.ts'
import { JmsError } from './jms-error.ts'
import { ListenerCalls } from './listener-calls.ts'
import type { MessageListener } from './message.ts'
import { ReceivedMessage } from './message.ts'
import { isBeyond, nextRedeliveryDelayMs, poisonCause } from './redelivery-policy.ts'

/** What a consumer uses of its session. */
export interface ConsumerSession {
  readonly mode: AcknowledgeMode
  /** Runs one listener call at a time for the whole session. */
  serialize(task: () => Promise<void>): Promise<void>
  /** CLIENT_ACKNOWLEDGE: all that the session delivered. */
  acknowledgeAll(): Promise<void>
  /** Messages consumed in the open transaction are lost with the connection: it can only be rolled back. */
  taintTransaction(): void
  removeConsumer(consumer: MessageConsumer): void
}

/** The longest that a timer of Node's runs; 24 days. */
const maxTimeoutMs = 2 ** 31 - 1

const aTimeout: Accepted = {
  accepts: `a number of milliseconds up to ${maxTimeoutMs}, or Infinity`,
  test: (value) => typeof value === 'number' && value <= maxTimeoutMs,
}

const aListener: Accepted = {
  accepts: 'a function or null',
  test: (value) => value === null || typeof value === 'function',
}

type Waiter = (message: ReceivedMessage | null) => void

export class MessageConsumer implements DispatchTarget {
  readonly info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #session: ConsumerSession
  readonly #acknowledgements: Acknowledgements
  readonly #calls = new ListenerCalls()
  readonly #byMessage = new WeakMap<ReceivedMessage, Delivery>()
  #pending: Delivery[] = []
  #waiters: Waiter[] = []
  #listener: MessageListener | null = null
  #listening = false
  #redeliveryTimer: Timer | null = null
  #lastDelivered: number | bigint = -1
  /** Of those that were handed out and given back, the one that the broker sent last. */
  #lastReturned: Delivery | null = null
  /** Nothing is handed out any more; a listener that runs may still do everything. */
  #quiet = false
  #closed = false
  #ending: Promise<void> | null = null

  constructor(info: ConsumerInfo, context: ConnectionContext, session: ConsumerSession) {
    this.info = info
    this.#context = context
    this.#session = session
    this.#acknowledgements = new Acknowledgements(info, context, session.mode)
  }

  get destination(): Destination {
    return destinationOf(this.info.destination!)
  }

  /**
   * The broker's number of the last message that was handed out, in the order in which the broker sent them; -1 when there was
   * none. After a rollback that one may wait here to be handed out again.
   */
  get lastDelivered(): number | bigint {
    const returned = this.#waitingAgain
    return returned ? returned.id.brokerSequenceId : this.#lastDelivered
  }

  /** Something was handed out, and is neither acknowledged nor forgotten. */
  get hasUnacknowledged(): boolean {
    return this.delivered.length > 0 || this.#waitingAgain !== null
  }

  /** Handed out and not acknowledged, oldest first. */
  get delivered(): readonly Delivery[] {
    return this.#acknowledgements.delivered
  }

  /** True when the listener itself asks. */
  get isInsideListener(): boolean {
    return this.#calls.isInside
  }

  /**
   * The next message; null when none comes within `timeoutMs` (0 or less: when none is there; left out, null or Infinity: for
   * ever) or when the consumer is closed.
   */
  receive(timeoutMs?: number | null): Promise<ReceivedMessage | null> {
    if (this.#closed) return Promise.reject(illegalState('receive', 'the consumer is closed'))
    if (this.#listener) return Promise.reject(illegalState('receive', 'it has a listener'))
    const waitMs = timeoutMs === Infinity ? null : (timeoutMs ?? null)
    if (waitMs !== null && !aTimeout.test(waitMs))
      return Promise.reject(refused('receive', 'timeoutMs', waitMs, aTimeout.accepts))
    if (waitMs !== null && waitMs <= 0) return this.receiveNoWait()
    if (this.#acknowledgements.prefetch === 0) return this.#pull(Math.ceil(waitMs ?? 0))
    return new Promise((resolve) => {
      let timer: Timer | null = null
      const waiter: Waiter = (message) => {
        timer?.cancel()
        resolve(message)
      }
      if (waitMs !== null)
        timer = this.#context.clock.after(waitMs, () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
          resolve(null)
        })
      this.#waiters.push(waiter)
      this.pump()
    })
  }

  /** The next message if it is there already. */
  receiveNoWait(): Promise<ReceivedMessage | null> {
    if (this.#closed) return Promise.reject(illegalState('receive', 'the consumer is closed'))
    if (this.#acknowledgements.prefetch === 0) return this.#pull(-1)
    const delivery = this.#next()
    return Promise.resolve(delivery ? this.#handOut(delivery) : null)
  }

  /** Calls back for every message, one after the other; null takes the listener away. */
  setListener(listener: MessageListener | null): void {
    if (this.#closed && listener) throw illegalState('set a listener', 'the consumer is closed')
    check('set a listener', 'listener', listener ?? null, aListener)
    if (listener && this.#acknowledgements.prefetch === 0)
      throw illegalState('set a listener', 'prefetch 0 means that messages are asked for one by one')
    this.#listener = listener ?? null
    this.pump()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    while (!this.#closed) {
      const message = await this.receive()
      if (message === null) return
      yield message
    }
  }

  /** Returns when a running listener has ended; called by that listener, at once, and the rest follows its end. */
  close(): Promise<void> {
    this.#ending ??= this.#end()
    return this.isInsideListener ? this.#withoutWaiting(this.#ending) : this.#ending
  }

  async #end(): Promise<void> {
    const ended = this.quiesce()
    if (ended) await ended
    if (this.#closed) return
    if (this.#session.mode === 'dups-ok') await this.#acknowledgements.all(null)
    const { lastDelivered } = this
    this.dispose()
    this.#session.removeConsumer(this)
    await this.#context.post(buildRemoveInfo(this.info.consumerId, lastDelivered))
  }

  /** Hands out nothing any more. Resolves when a running listener has ended; null when none is running. */
  quiesce(): Promise<void> | null {
    this.#quiet = true
    return this.#calls.ended()
  }

  /** Resolves when a running listener has ended; null when none is running. */
  listenerEnded(): Promise<void> | null {
    return this.#calls.ended()
  }

  /** Ends without telling the broker. */
  dispose(): void {
    this.#closed = true
    this.#redeliveryTimer?.cancel()
    this.#leaveToOthers()
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter(null)
  }

  /** What the broker sent. */
  dispatch(dispatch: MessageDispatch): void {
    const { message } = dispatch
    if (this.#closed) return
    if (message === null || message.messageId === null) {
      if (this.#acknowledgements.prefetch === 0) this.#waiters.shift()?.(null)
      return
    }
    const { history, redeliveryPolicy } = this.#context
    const delivery: Delivery = {
      message,
      id: message.messageId,
      destination: dispatch.destination,
      epoch: this.#context.epoch,
      redeliveryCounter: dispatch.redeliveryCounter,
      delayMs: 0,
    }
    if (history) {
      if (history.isDuplicate(message, this.info)) {
        const consumer = consumerIdText(this.info.consumerId!)
        return this.#acknowledgements.poison(
          delivery,
          `Suppressing duplicate delivery on connection, consumer ${consumer}`,
        )
      }
      delivery.redeliveryCounter = Math.max(delivery.redeliveryCounter, history.deliveriesBefore(message, this.info))
    }
    const { redeliveryCounter } = delivery
    if (
      this.#session.mode === 'transacted' &&
      redeliveryPolicy.preDispatchCheck &&
      isBeyond(redeliveryPolicy, redeliveryCounter) &&
      !wasPutOffByBroker(message)
    ) {
      const cause = poisonCause(redeliveryPolicy, redeliveryCounter, 'dispatched with this counter')
      return this.#acknowledgements.poison(delivery, cause)
    }
    this.#pending.push(delivery)
    this.pump()
  }

  /** The broker changes the prefetch, or wants the consumer closed. */
  control({ close, prefetch }: ConsumerControl): void {
    if (close) void this.#withoutWaiting(this.close())
    else this.#acknowledgements.prefetch = prefetch
  }

  /** The connection is lost: the broker will deliver again what was not acknowledged. */
  interrupted(): void {
    if (this.#session.mode === 'transacted' && this.delivered.length > 0) this.#session.taintTransaction()
    this.#leaveToOthers()
    this.#redeliveryTimer?.cancel()
    this.#redeliveryTimer = null
  }

  /** Acknowledges all that was handed out. */
  acknowledgeDelivered(transactionId: TransactionId | null): Promise<void> {
    return this.#acknowledgements.all(transactionId)
  }

  /** Delivers again what was handed out and not acknowledged. */
  rollback(): void {
    this.deliverAgain(this.#acknowledgements.take(), null)
  }

  /** After a pause; what came too often becomes poison, and what came over a lost connection comes from the broker. */
  deliverAgain(deliveries: readonly Delivery[], cause: string | null): void {
    const { redeliveryPolicy, random, clock, epoch } = this.#context
    const again: Delivery[] = []
    for (const delivery of deliveries) {
      delivery.redeliveryCounter++
      if (delivery.epoch !== epoch) {
        this.#expectAgain(delivery, delivery.redeliveryCounter)
        continue
      }
      if (isBeyond(redeliveryPolicy, delivery.redeliveryCounter)) {
        this.#acknowledgements.poison(delivery, poisonCause(redeliveryPolicy, delivery.redeliveryCounter, cause))
        continue
      }
      delivery.delayMs = nextRedeliveryDelayMs(redeliveryPolicy, delivery.delayMs, random)
      again.push(delivery)
    }
    this.#lastReturned = this.#waitingAgain ?? again.at(-1) ?? null
    this.#pending.unshift(...again)
    const delayMs = Math.max(0, ...again.map((delivery) => delivery.delayMs))
    if (delayMs === 0) return this.pump()
    this.#redeliveryTimer?.cancel()
    this.#redeliveryTimer = clock.after(delayMs, () => {
      this.#redeliveryTimer = null
      this.pump()
    })
  }

  /** Hands out what is there to whoever waits. */
  pump(): void {
    if (this.#listener) {
      if (!this.#listening) void this.#listen()
      return
    }
    while (this.#waiters.length > 0) {
      const delivery = this.#next()
      if (!delivery) return
      this.#waiters.shift()!(this.#handOut(delivery))
    }
  }

  /** The last of what was given back, while it waits here. */
  get #waitingAgain(): Delivery | null {
    return this.#lastReturned && this.#pending.includes(this.#lastReturned) ? this.#lastReturned : null
  }

  /** A message is taken when it is the listener's turn, not before: until then it can be lost or closed. */
  async #listen(): Promise<void> {
    this.#listening = true
    while (this.#listener && this.#pending.length > 0 && this.#mayHandOut())
      await this.#session.serialize(this.#callNext)
    this.#listening = false
  }

  readonly #callNext = async (): Promise<void> => {
    const listener = this.#listener
    const delivery = listener ? this.#next() : undefined
    if (!listener || !delivery) return
    const message = this.#wrap(delivery)
    if (!this.#acknowledgements.automatic) this.#acknowledgements.keep(delivery)
    this.#calls.begin(delivery)
    try {
      await this.#calls.call(delivery, listener, message)
      if (this.#acknowledgements.automatic) this.#acknowledgements.consumed(delivery)
    } catch (error) {
      const failure = isError(error) ? error : new Error(String(error))
      this.#context.report(failure)
      if (this.#acknowledgements.automatic && !this.#closed) this.deliverAgain([delivery], failure.message)
    } finally {
      this.#calls.end()
    }
  }

  #mayHandOut(): boolean {
    return this.#context.started && !this.#quiet && !this.#closed && this.#redeliveryTimer === null
  }

  /** The next message that may be handed out now. */
  #next(): Delivery | undefined {
    if (!this.#mayHandOut()) return undefined
    if (!this.#context.options.consumerExpiryCheckEnabled) return this.#pending.shift()
    for (let delivery = this.#pending.shift(); delivery; delivery = this.#pending.shift()) {
      const expiration = Number(delivery.message.expiration)
      if (expiration === 0 || expiration > this.#context.clock.nowMs()) return delivery
      this.#acknowledgements.expired(delivery)
    }
    return undefined
  }

  #handOut(delivery: Delivery): ReceivedMessage {
    const message = this.#wrap(delivery)
    if (this.#acknowledgements.automatic) this.#acknowledgements.consumed(delivery)
    else this.#acknowledgements.keep(delivery)
    return message
  }

  #wrap(delivery: Delivery): ReceivedMessage {
    this.#lastDelivered = delivery.id.brokerSequenceId
    const message = new ReceivedMessage(delivery.message, delivery.redeliveryCounter, (one) =>
      this.#acknowledgeOne(one),
    )
    this.#byMessage.set(message, delivery)
    return message
  }

  #acknowledgeOne(message: ReceivedMessage): Promise<void> {
    if (this.#session.mode === 'client') return this.#session.acknowledgeAll()
    const delivery = this.#byMessage.get(message)
    // In the other modes there is nothing to do, as JMS wants it.
    if (this.#session.mode !== 'individual' || !delivery) return Promise.resolve()
    return this.#acknowledgements.one(delivery)
  }

  #pull(timeoutMs: number): Promise<ReceivedMessage | null> {
    const delivery = this.#next()
    if (delivery) return Promise.resolve(this.#handOut(delivery))
    return new Promise((resolve, reject) => {
      this.#waiters.push(resolve)
      this.#context.post(buildPull(this.info.consumerId!, this.info.destination!, timeoutMs)).catch(reject)
    })
  }

  /** What is not acknowledged comes again, to this consumer or another one. */
  #leaveToOthers(): void {
    for (const delivery of this.#pending) this.#expectAgain(delivery, delivery.redeliveryCounter)
    this.#pending = []
    for (const delivery of this.#acknowledgements.take()) this.#expectAgain(delivery, delivery.redeliveryCounter + 1)
  }

  #expectAgain({ message }: Delivery, deliveries: number): void {
    this.#context.history?.expectAgain(message, this.info, deliveries)
  }

  #withoutWaiting(work: Promise<void>): Promise<void> {
    work.catch((error: unknown) => isError(error) && this.#context.report(error))
    return Promise.resolve()
  }
}

/** The broker counts what it delivers again by itself, too (ActiveMQ: RedeliveryPlugin): that is no poison. */
function wasPutOffByBroker({ marshalledProperties }: MessageCommand): boolean {
  try {
    return decodePrimitiveMap(marshalledProperties).has('redeliveryDelay')
  } catch {
    return false
  }
}

const illegalState = (what: string, state: string): JmsError =>
  new JmsError('javax.jms.IllegalStateException', `Cannot ${what}: ${state}`)
