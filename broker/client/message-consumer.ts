// Receives messages of one subscription: keeps what the broker sent ahead, hands it out, acknowledges it in the way of the
// session (spec openwire.md section 10), delivers again what was rolled back, and recognizes what comes twice.
import type { Timer } from '../base/clock.ts'
import { isError } from '../base/errors.ts'
import { JmsError } from './jms-error.ts'
import type { Destination } from '../message/destination.ts'
import { isQueue } from '../message/destination.ts'
import type {
  ConsumerControl,
  ConsumerInfo,
  MessageCommand,
  MessageDispatch,
  MessageId,
  TransactionId,
} from '../wire/openwire/commands.ts'
import type { AcknowledgementCode } from '../openwire/acknowledgement-types.ts'
import { acknowledgementTypes } from '../openwire/acknowledgement-types.ts'
import { buildAcknowledgement, buildPull, buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import { consumerIdText, producerIdText } from '../openwire/id-text.ts'
import { deliveredShare } from './limits.ts'
import { ReceivedMessage } from './message.ts'
import { isBeyond, nextRedeliveryDelayMs, poisonCause } from './redelivery-policy.ts'

export type AcknowledgeMode = 'auto' | 'client' | 'dups-ok' | 'individual' | 'transacted'

export type MessageListener = (message: ReceivedMessage) => void | Promise<void>

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

/** A message on its way to the application, and until it is acknowledged. */
interface Delivery {
  readonly message: MessageCommand
  readonly id: MessageId
  readonly destination: MessageDispatch['destination']
  readonly epoch: number
  redeliveryCounter: number
  /** Pause before the last redelivery. */
  delayMs: number
}

type Waiter = (message: ReceivedMessage | null) => void

export class MessageConsumer implements DispatchTarget {
  readonly info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #session: ConsumerSession
  #prefetch: number
  #pending: Delivery[] = []
  /** Handed out and not acknowledged, oldest first; not in AUTO mode. */
  #delivered: Delivery[] = []
  /** Of these the broker knows that they were delivered. */
  #announced = 0
  readonly #byMessage = new WeakMap<ReceivedMessage, Delivery>()
  #waiters: Waiter[] = []
  #listener: MessageListener | null = null
  #listening = false
  #redeliveryTimer: Timer | null = null
  #lastDelivered: number | bigint = -1
  #closed = false

  constructor(info: ConsumerInfo, context: ConnectionContext, session: ConsumerSession) {
    this.info = info
    this.#context = context
    this.#session = session
    this.#prefetch = info.prefetchSize
  }

  get destination(): Destination {
    return destinationOf(this.info.destination!)
  }

  /** The broker's number of the last message that was handed out; -1 when there was none. */
  get lastDelivered(): number | bigint {
    return this.#lastDelivered
  }

  get deliveredCount(): number {
    return this.#delivered.length
  }

  /** The next message; null when none comes within `timeoutMs` (never, when left out) or when the consumer is closed. */
  receive(timeoutMs?: number): Promise<ReceivedMessage | null> {
    if (this.#closed) return Promise.reject(this.#illegalState('receive', 'the consumer is closed'))
    if (this.#listener) return Promise.reject(this.#illegalState('receive', 'it has a listener'))
    if (timeoutMs !== undefined && timeoutMs <= 0) return this.receiveNoWait()
    if (this.#prefetch === 0) return this.#pull(timeoutMs ?? 0)
    return new Promise((resolve) => {
      let timer: Timer | null = null
      const waiter: Waiter = (message) => {
        timer?.cancel()
        resolve(message)
      }
      if (timeoutMs !== undefined)
        timer = this.#context.clock.after(timeoutMs, () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
          resolve(null)
        })
      this.#waiters.push(waiter)
      this.pump()
    })
  }

  /** The next message if it is there already. */
  receiveNoWait(): Promise<ReceivedMessage | null> {
    if (this.#closed) return Promise.reject(this.#illegalState('receive', 'the consumer is closed'))
    if (this.#prefetch === 0) return this.#pull(-1)
    const delivery = this.#next()
    return Promise.resolve(delivery ? this.#handOut(delivery) : null)
  }

  /** Calls back for every message, one after the other; null takes the listener away. */
  setListener(listener: MessageListener | null): void {
    if (listener && this.#prefetch === 0)
      throw this.#illegalState('set a listener', 'prefetch 0 means that messages are asked for one by one')
    this.#listener = listener
    this.pump()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    while (!this.#closed) {
      const message = await this.receive()
      if (message === null) return
      yield message
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    if (this.#session.mode === 'dups-ok') await this.acknowledgeDelivered(null)
    this.dispose()
    this.#session.removeConsumer(this)
    await this.#context.post(buildRemoveInfo(this.info.consumerId, this.#lastDelivered))
  }

  /** Ends without telling the broker. */
  dispose(): void {
    this.#closed = true
    this.#redeliveryTimer?.cancel()
    for (const { message } of this.#pending) this.#forget(message)
    this.#pending = []
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter(null)
  }

  /** What the broker sent. */
  dispatch(dispatch: MessageDispatch): void {
    const { message } = dispatch
    if (this.#closed) return
    if (message === null || message.messageId === null) {
      if (this.#prefetch === 0) this.#waiters.shift()?.(null)
      return
    }
    const delivery: Delivery = {
      message,
      id: message.messageId,
      destination: dispatch.destination,
      epoch: this.#context.epoch,
      redeliveryCounter: dispatch.redeliveryCounter,
      delayMs: 0,
    }
    if (this.#isDuplicate(message)) {
      const cause = `Suppressing duplicate delivery on connection, consumer ${consumerIdText(this.info.consumerId!)}`
      return this.#acknowledge(acknowledgementTypes.poison, [delivery], null, cause)
    }
    const { redeliveryPolicy } = this.#context
    if (
      this.#session.mode === 'transacted' &&
      redeliveryPolicy.preDispatchCheck &&
      isBeyond(redeliveryPolicy, dispatch.redeliveryCounter)
    ) {
      const cause = poisonCause(redeliveryPolicy, dispatch.redeliveryCounter, 'dispatched with this counter')
      return this.#acknowledge(acknowledgementTypes.poison, [delivery], null, cause)
    }
    this.#pending.push(delivery)
    this.pump()
  }

  /** The broker changes the prefetch, or wants the consumer closed. */
  control({ close, prefetch }: ConsumerControl): void {
    if (close) this.close().catch((error: unknown) => isError(error) && this.#context.report(error))
    else this.#prefetch = prefetch
  }

  /** The connection is lost: the broker will deliver again what was not acknowledged. */
  interrupted(): void {
    if (this.#session.mode === 'transacted' && this.#delivered.length > 0) this.#session.taintTransaction()
    for (const { message } of [...this.#pending, ...this.#delivered]) this.#forget(message)
    this.#pending = []
    this.#delivered = []
    this.#announced = 0
    this.#redeliveryTimer?.cancel()
    this.#redeliveryTimer = null
  }

  /** Acknowledges all that was handed out. */
  acknowledgeDelivered(transactionId: TransactionId | null): Promise<void> {
    const delivered = this.#delivered
    this.#delivered = []
    this.#announced = 0
    if (delivered.length === 0) return Promise.resolve()
    return this.#send(acknowledgementTypes.standard, delivered, transactionId)
  }

  /** For a commit: returns what takes the messages back, should it fail. Those of a lost connection may come again. */
  takeDelivered(): () => void {
    const delivered = [...this.#delivered]
    return () => {
      this.#delivered = delivered.filter(({ epoch }) => epoch === this.#context.epoch)
      for (const { epoch, message } of delivered) if (epoch !== this.#context.epoch) this.#forget(message)
    }
  }

  /** Delivers again what was handed out and not acknowledged, after a pause; what came too often becomes poison. */
  rollback(cause: string | null = null): void {
    const delivered = this.#delivered
    this.#delivered = []
    this.#announced = 0
    this.#redeliver(delivered, cause)
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

  async #listen(): Promise<void> {
    this.#listening = true
    for (let delivery = this.#next(); delivery && this.#listener; delivery = this.#next()) {
      const [listener, current] = [this.#listener, delivery]
      await this.#session.serialize(() => this.#callListener(listener, current))
    }
    this.#listening = false
  }

  async #callListener(listener: MessageListener, delivery: Delivery): Promise<void> {
    const message = this.#wrap(delivery)
    const acknowledgesItself = this.#session.mode === 'auto' || this.#session.mode === 'dups-ok'
    if (!acknowledgesItself) this.#keep(delivery)
    try {
      await listener(message)
      if (acknowledgesItself) this.#consumed(delivery)
    } catch (error) {
      const failure = isError(error) ? error : new Error(String(error))
      this.#context.report(failure)
      if (acknowledgesItself && !this.#closed) this.#redeliver([delivery], failure.message)
    }
  }

  /** The next message that may be handed out now. */
  #next(): Delivery | undefined {
    if (!this.#context.started || this.#closed || this.#redeliveryTimer) return undefined
    for (let delivery = this.#pending.shift(); delivery; delivery = this.#pending.shift()) {
      const expiration = Number(delivery.message.expiration)
      if (expiration === 0 || expiration > this.#context.clock.nowMs()) return delivery
      this.#acknowledge(acknowledgementTypes.expired, [delivery], null)
    }
    return undefined
  }

  #handOut(delivery: Delivery): ReceivedMessage {
    const message = this.#wrap(delivery)
    if (this.#session.mode === 'auto' || this.#session.mode === 'dups-ok') this.#consumed(delivery)
    else this.#keep(delivery)
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

  /** AUTO and DUPS_OK: the application has it. */
  #consumed(delivery: Delivery): void {
    if (this.#session.mode === 'auto' || isQueue(this.destination))
      return this.#acknowledge(acknowledgementTypes.standard, [delivery], null)
    this.#delivered.push(delivery)
    if (this.#delivered.length >= this.#prefetch * deliveredShare)
      this.acknowledgeDelivered(null).catch((error: unknown) => isError(error) && this.#context.report(error))
  }

  /** Keeps it until it is acknowledged, and asks for more when half the prefetch is kept. */
  #keep(delivery: Delivery): void {
    this.#delivered.push(delivery)
    if (this.#prefetch === 0 || this.#delivered.length - this.#announced < this.#prefetch * deliveredShare) return
    const announced = this.#delivered.slice(this.#announced)
    this.#announced = this.#delivered.length
    this.#acknowledge(acknowledgementTypes.delivered, announced, null)
  }

  #acknowledgeOne(message: ReceivedMessage): Promise<void> {
    if (this.#session.mode === 'client') return this.#session.acknowledgeAll()
    const delivery = this.#byMessage.get(message)
    const index = delivery ? this.#delivered.indexOf(delivery) : -1
    // In the other modes there is nothing to do, as JMS wants it; a message of a lost connection will come again.
    if (this.#session.mode !== 'individual' || !delivery || index < 0) return Promise.resolve()
    this.#delivered.splice(index, 1)
    if (index < this.#announced) this.#announced--
    return this.#send(acknowledgementTypes.individual, [delivery], null)
  }

  #redeliver(deliveries: readonly Delivery[], cause: string | null): void {
    const { redeliveryPolicy, random, clock, epoch } = this.#context
    const again: Delivery[] = []
    for (const delivery of deliveries) {
      if (delivery.epoch !== epoch) continue
      delivery.redeliveryCounter++
      if (isBeyond(redeliveryPolicy, delivery.redeliveryCounter)) {
        this.#acknowledge(
          acknowledgementTypes.poison,
          [delivery],
          null,
          poisonCause(redeliveryPolicy, delivery.redeliveryCounter, cause),
        )
        continue
      }
      delivery.delayMs = nextRedeliveryDelayMs(redeliveryPolicy, delivery.delayMs, random)
      again.push(delivery)
    }
    this.#pending.unshift(...again)
    const delayMs = Math.max(0, ...again.map((delivery) => delivery.delayMs))
    if (delayMs === 0) return this.pump()
    this.#redeliveryTimer?.cancel()
    this.#redeliveryTimer = clock.after(delayMs, () => {
      this.#redeliveryTimer = null
      this.pump()
    })
  }

  #pull(timeoutMs: number): Promise<ReceivedMessage | null> {
    const delivery = this.#next()
    if (delivery) return Promise.resolve(this.#handOut(delivery))
    return new Promise((resolve, reject) => {
      this.#waiters.push(resolve)
      this.#context.post(buildPull(this.info.consumerId!, this.info.destination!, timeoutMs)).catch(reject)
    })
  }

  #acknowledge(
    type: AcknowledgementCode,
    deliveries: Delivery[],
    transaction: TransactionId | null,
    poison?: string,
  ): void {
    this.#send(type, deliveries, transaction, poison).catch(
      (error: unknown) => isError(error) && this.#context.report(error),
    )
  }

  /** One acknowledgement for deliveries that follow each other. Those of a lost connection are left out. */
  #send(
    type: AcknowledgementCode,
    given: Delivery[],
    transactionId: TransactionId | null,
    poison?: string,
  ): Promise<void> {
    const deliveries = given.filter(({ epoch }) => epoch === this.#context.epoch)
    const [first, last] = [deliveries[0], deliveries.at(-1)]
    if (!first || !last) return Promise.resolve()
    return this.#context.post(
      buildAcknowledgement({
        type,
        consumerId: this.info.consumerId!,
        destination: last.destination,
        transactionId,
        first: type === acknowledgementTypes.individual ? null : first.id,
        last: last.id,
        count: deliveries.length,
        ...(poison === undefined ? {} : { poisonCause: poison }),
      }),
    )
  }

  #isDuplicate(message: MessageCommand): boolean {
    const key = this.#auditKey(message)
    return key !== null && this.#context.audit!.isDuplicate(key.destination, key.producerId, key.sequence)
  }

  #forget(message: MessageCommand): void {
    const key = this.#auditKey(message)
    if (key) this.#context.audit!.rollback(key.destination, key.producerId, key.sequence)
  }

  /** On topics every consumer gets its own copy, on queues one consumer of the connection gets the message. */
  #auditKey({ messageId, destination }: MessageCommand) {
    if (!this.#context.audit || !messageId?.producerId || !destination || this.info.browser) return null
    const { name, kind } = destinationOf(destination)
    const owner = kind === 'queue' || kind === 'temp-queue' ? '' : messageConsumerKey(this.info)
    return {
      destination: `${owner}${kind}://${name}`,
      producerId: producerIdText(messageId.producerId),
      sequence: Number(messageId.producerSequenceId),
    }
  }

  #illegalState(what: string, state: string): JmsError {
    return new JmsError('java.lang.IllegalStateException', `Cannot ${what}: ${state}`)
  }
}

const messageConsumerKey = (info: ConsumerInfo): string => `${consumerIdText(info.consumerId!)} `
