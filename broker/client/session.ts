// A JMS session: makes producers and consumers, owns the transaction, and runs listeners one at a time.
import { isError } from '../base/errors.ts'
import { JmsError } from './jms-error.ts'
import type { Destination } from '../message/destination.ts'
import { isQueue, isTemporary } from '../message/destination.ts'
import { temporaryOwner } from '../openwire/temporary-owner.ts'
import type { TransactionId } from '../wire/openwire/commands.ts'
import {
  buildConsumerInfo,
  buildDestinationInfo,
  buildProducerInfo,
  buildRemoveInfo,
  buildRemoveSubscription,
  buildTransactionInfo,
} from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { DestinationLike } from './destination-text.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import { consumerOptionsOf, producerOptionsOf } from './destination-options.ts'
import { toDestinationWithOptions } from './destination-text.ts'
import type { Fields } from './given.ts'
import { aBoolean, aNonEmptyText, aText, aWholeNumber, check, checkFields } from './given.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import type { AcknowledgeMode } from './acknowledgements.ts'
import type { ConsumerSession } from './message-consumer.ts'
import { MessageConsumer } from './message-consumer.ts'
import type { ReceivedMessage } from './message.ts'
import type { ProducerSession } from './message-producer.ts'
import { MessageProducer } from './message-producer.ts'
import { QueueBrowser } from './queue-browser.ts'
import { transactionTypes } from '../openwire/transaction-types.ts'

export interface ConsumerSettings {
  /** SQL-92 */
  readonly selector?: string | null | undefined
  /** Topics: not what this connection sent itself. */
  readonly noLocal?: boolean | null | undefined
  readonly exclusive?: boolean | null | undefined
  /** -128..127, higher first. */
  readonly priority?: number | null | undefined
  readonly retroactive?: boolean | null | undefined
  /** 0 = messages are asked for one by one. */
  readonly prefetchSize?: number | null | undefined
  /** Topics: the name of a durable subscription. */
  readonly subscriptionName?: string | null | undefined
}

const consumerFields: Fields = {
  selector: aText,
  noLocal: aBoolean,
  exclusive: aBoolean,
  priority: aWholeNumber(-128, 127),
  retroactive: aBoolean,
  prefetchSize: aWholeNumber(0, 2 ** 31 - 1),
  subscriptionName: aNonEmptyText,
}

/** What a session uses of its connection beyond the context. */
export interface SessionOwner {
  addConsumer(consumer: DispatchTarget): void
  removeConsumer(consumer: DispatchTarget): void
  removeSession(session: Session): void
}

interface OpenTransaction {
  readonly id: TransactionId
  /** It consumed messages over a connection that is lost. */
  tainted: boolean
}

export interface TemporaryDestination extends Destination {
  /** Rejects while consumers exist. */
  delete(): Promise<void>
}

export class Session implements ConsumerSession, ProducerSession {
  readonly mode: AcknowledgeMode
  readonly #value: number
  readonly #context: ConnectionContext
  readonly #owner: SessionOwner
  readonly #consumers = new Set<MessageConsumer>()
  readonly #producers = new Set<MessageProducer>()
  readonly #browsers = new Set<QueueBrowser>()
  #lastDelivered: number | bigint = -1
  #nextConsumer = 1
  #nextProducer = 1
  #transaction: OpenTransaction | null = null
  /** Consumed messages were lost with the connection before anything began the transaction at the broker. */
  #tainted = false
  #listenerChain: Promise<void> = Promise.resolve()
  #closed = false
  #ending: Promise<void> | null = null

  constructor(value: number, mode: AcknowledgeMode, context: ConnectionContext, owner: SessionOwner) {
    this.#value = value
    this.mode = mode
    this.#context = context
    this.#owner = owner
  }

  /** The broker's number of the last message that a consumer of the session handed out; -1 when there was none. */
  get lastDelivered(): number | bigint {
    let last = this.#lastDelivered
    for (const consumer of this.#consumers) if (consumer.lastDelivered > last) last = consumer.lastDelivered
    return last
  }

  /** The consumers that hold what they have not acknowledged. */
  get unfinished(): readonly MessageConsumer[] {
    return [...this.#consumers].filter((consumer) => consumer.hasUnacknowledged)
  }

  get transacted(): boolean {
    return this.mode === 'transacted'
  }

  /** Without destination (or with null) each send has to name one. */
  async createProducer(destination?: DestinationLike | null): Promise<MessageProducer> {
    this.#assertOpen('create a producer')
    const producerId = {
      kind: 'ProducerId',
      connectionId: this.#context.connectionId,
      value: this.#nextProducer++,
      sessionId: this.#value,
    } as const
    const given = destination ?? null
    const named = given === null ? null : toDestinationWithOptions(given, 'create a producer')
    const info = {
      ...buildProducerInfo(producerId, named && structureOf(named.destination)),
      ...(named && producerOptionsOf(named.options, 'create a producer')),
    }
    const producer = new MessageProducer(info, this.#context, this)
    await this.#context.request(info)
    this.#producers.add(producer)
    return producer
  }

  async createConsumer(destination: DestinationLike, settings: ConsumerSettings = {}): Promise<MessageConsumer> {
    this.#assertOpen('create a consumer')
    checkFields('create a consumer', settings, consumerFields)
    const { destination: target, options: named } = toDestinationWithOptions(destination, 'create a consumer')
    const asked = { ...settings, ...consumerOptionsOf(named, 'create a consumer') }
    if (isTemporary(target) && temporaryOwner(target) !== this.#context.connectionId)
      throw new JmsError(
        'javax.jms.InvalidDestinationException',
        `Cannot consume from ${target.name}: it belongs to another connection`,
      )
    const subscriptionName = asked.subscriptionName ?? null
    if (subscriptionName !== null && target.kind !== 'topic')
      throw new JmsError(
        'javax.jms.InvalidDestinationException',
        `Cannot create a consumer: subscriptionName is given for a ${target.kind}; accepted are topics`,
      )
    const { connectionId, clientId, options } = this.#context
    const info = buildConsumerInfo({
      consumerId: { kind: 'ConsumerId', connectionId, sessionId: this.#value, value: this.#nextConsumer++ },
      destination: structureOf(target),
      prefetchSize: asked.prefetchSize ?? this.#defaultPrefetch(target, subscriptionName !== null),
      clientId,
      dispatchAsync: asked.dispatchAsync ?? options.dispatchAsync,
      maximumPendingMessageLimit: asked.maximumPendingMessageLimit ?? 0,
      // In JMS an empty selector is none. That of the call counts before that of the name, as in ActiveMQ's client.
      selector: settings.selector || asked.selector || null,
      noLocal: asked.noLocal ?? false,
      exclusive: asked.exclusive ?? options.exclusiveConsumer,
      priority: asked.priority ?? 0,
      retroactive: asked.retroactive ?? options.useRetroactiveConsumer,
      subscriptionName,
    })
    const consumer = new MessageConsumer(info, this.#context, this)
    // Dispatch may begin before the answer.
    this.#consumers.add(consumer)
    this.#owner.addConsumer(consumer)
    try {
      await this.#context.request(info)
    } catch (error) {
      this.removeConsumer(consumer)
      consumer.dispose()
      throw error
    }
    return consumer
  }

  /** As `createConsumer`, for the durable subscription of this name: made now, or the one that is there. */
  createDurableConsumer(
    topic: DestinationLike,
    subscriptionName: string,
    settings: Omit<ConsumerSettings, 'subscriptionName'> = {},
  ): Promise<MessageConsumer> {
    return this.createConsumer(topic, { ...settings, subscriptionName })
  }

  /** The messages that a queue holds now; they stay there. */
  async *browse(queue: DestinationLike, selector?: string | null): AsyncGenerator<ReceivedMessage, void, undefined> {
    this.#assertOpen('browse')
    const { destination: target, options: named } = toDestinationWithOptions(queue, 'browse')
    const asked = consumerOptionsOf(named, 'browse')
    if (!isQueue(target))
      throw new JmsError(
        'javax.jms.InvalidDestinationException',
        `Cannot browse ${target.kind}://${target.name}: accepted are queues`,
      )
    check('browse', 'selector', selector ?? '', aText)
    const { connectionId, clientId, options } = this.#context
    const info = buildConsumerInfo({
      consumerId: { kind: 'ConsumerId', connectionId, sessionId: this.#value, value: this.#nextConsumer++ },
      destination: structureOf(target),
      // Without prefetch a browser would never get anything.
      prefetchSize: Math.max(1, asked.prefetchSize ?? options['prefetchPolicy.queueBrowserPrefetch']),
      clientId,
      selector: selector || asked.selector || null,
      browser: true,
    })
    const browser = new QueueBrowser(info, this.#context)
    this.#browsers.add(browser)
    this.#owner.addConsumer(browser)
    try {
      await this.#context.request(info)
      yield* browser.messages()
    } finally {
      this.#browsers.delete(browser)
      this.#owner.removeConsumer(browser)
    }
  }

  createTemporaryQueue(): Promise<TemporaryDestination> {
    return this.#createTemporary('temp-queue')
  }

  createTemporaryTopic(): Promise<TemporaryDestination> {
    return this.#createTemporary('temp-topic')
  }

  /** Deletes a durable subscription that is not in use. */
  async unsubscribe(subscriptionName: string): Promise<void> {
    this.#assertOpen('unsubscribe')
    check('unsubscribe', 'subscriptionName', subscriptionName, aNonEmptyText)
    const { connectionId, clientId } = this.#context
    await this.#context.request(buildRemoveSubscription(connectionId, clientId, subscriptionName))
  }

  /**
   * Makes what was sent and received since the last commit final. Rejects with TransactionRolledBackException when the
   * connection was lost in between and that cannot be promised.
   */
  async commit(): Promise<void> {
    this.#assertTransacted('commit')
    const lost = this.#tainted || this.#transaction?.tainted
    if (lost) {
      await this.rollback()
      throw new JmsError(
        'javax.jms.TransactionRolledBackException',
        'Cannot commit: messages were received in the transaction over a connection that is lost; they will be delivered again',
      )
    }
    const consumers = [...this.#consumers].filter(({ delivered }) => delivered.length > 0)
    if (consumers.length > 0) this.beginTransaction()
    const transaction = this.#transaction
    if (!transaction) return
    const taken = consumers.map(({ delivered }) => delivered)
    // In one go, so that nothing comes between the acknowledgements and the commit.
    const acknowledged = consumers.map((consumer) => consumer.acknowledgeDelivered(transaction.id))
    const { connectionId } = this.#context
    const committed = this.#context.request(
      buildTransactionInfo(connectionId, transaction.id, transactionTypes.commitOnePhase),
    )
    this.#transaction = null
    try {
      await Promise.all([...acknowledged, committed])
    } catch (error) {
      const cause = isError(error) ? error.message : null
      for (const [index, consumer] of consumers.entries()) consumer.deliverAgain(taken[index]!, cause)
      throw error
    }
  }

  /** Forgets what was sent, and delivers again what was received. */
  async rollback(): Promise<void> {
    this.#assertTransacted('roll back')
    const transaction = this.#transaction
    this.#transaction = null
    this.#tainted = false
    try {
      if (transaction)
        await this.#context.request(
          buildTransactionInfo(this.#context.connectionId, transaction.id, transactionTypes.rollback),
        )
    } finally {
      for (const consumer of this.#consumers) consumer.rollback()
    }
  }

  /** Delivers again what was not acknowledged. */
  recover(): void {
    this.#assertOpen('recover')
    if (this.transacted) throw this.#illegalState('recover', 'the session is transacted; use rollback')
    for (const consumer of this.#consumers) consumer.rollback()
  }

  /** Returns when a running listener has ended; called by that listener, at once, and the rest follows its end. */
  close(): Promise<void> {
    this.#ending ??= this.#end()
    if (!this.isInsideListener) return this.#ending
    this.#ending.catch((error: unknown) => isError(error) && this.#context.report(error))
    return Promise.resolve()
  }

  async #end(): Promise<void> {
    const running = [...this.#consumers].flatMap((consumer) => consumer.quiesce() ?? [])
    if (running.length > 0) await Promise.all(running)
    if (this.#closed) return
    if (this.transacted) await this.rollback()
    for (const consumer of this.#consumers) await consumer.close()
    this.dispose()
    this.#owner.removeSession(this)
    const { connectionId } = this.#context
    await this.#context.post(buildRemoveInfo({ kind: 'SessionId', connectionId, value: this.#value }))
  }

  /** Ends without telling the broker. */
  dispose(): void {
    this.#closed = true
    for (const target of [...this.#consumers, ...this.#browsers]) {
      target.dispose()
      this.#owner.removeConsumer(target)
    }
    this.#consumers.clear()
    this.#producers.clear()
  }

  /** True when a listener of the session asks. */
  get isInsideListener(): boolean {
    return [...this.#consumers].some((consumer) => consumer.isInsideListener)
  }

  /** Resolves when a running listener has ended; null when none is running. */
  listenersEnded(): Promise<unknown> | null {
    for (const consumer of this.#consumers) {
      const ended = consumer.listenerEnded()
      // The session runs one at a time.
      if (ended) return ended
    }
    return null
  }

  /** For the parts of the session. */
  serialize(task: () => Promise<void>): Promise<void> {
    const run = this.#listenerChain.then(task)
    this.#listenerChain = run.catch(() => {})
    return run
  }

  async acknowledgeAll(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.acknowledgeDelivered(null)))
  }

  beginTransaction(): TransactionId | null {
    if (!this.transacted) return null
    if (this.#transaction) return this.#transaction.id
    const { connectionId } = this.#context
    const id: TransactionId = {
      kind: 'LocalTransactionId',
      value: this.#context.nextTransactionNumber(),
      connectionId: { kind: 'ConnectionId', value: connectionId },
    }
    this.#transaction = { id, tainted: false }
    this.#context
      .post(buildTransactionInfo(connectionId, id, transactionTypes.begin))
      .catch((error: unknown) => isError(error) && this.#context.report(error))
    return id
  }

  taintTransaction(): void {
    if (this.#transaction) this.#transaction.tainted = true
    else this.#tainted = true
  }

  removeConsumer(consumer: MessageConsumer): void {
    this.#lastDelivered = this.lastDelivered
    this.#consumers.delete(consumer)
    this.#owner.removeConsumer(consumer)
  }

  removeProducer(producer: MessageProducer): void {
    this.#producers.delete(producer)
  }

  /** The connection was started. */
  pump(): void {
    for (const consumer of this.#consumers) consumer.pump()
  }

  async #createTemporary(kind: 'temp-queue' | 'temp-topic'): Promise<TemporaryDestination> {
    this.#assertOpen('create a temporary destination')
    const { connectionId } = this.#context
    const destination: Destination = { kind, name: `${connectionId}:${this.#context.nextTemporaryNumber()}` }
    await this.#context.request(buildDestinationInfo('add', structureOf(destination), connectionId))
    return {
      ...destination,
      delete: async () => {
        await this.#context.request(buildDestinationInfo('remove', structureOf(destination), connectionId))
      },
    }
  }

  #defaultPrefetch(destination: Destination, durable: boolean): number {
    const { options } = this.#context
    if (options['prefetchPolicy.all'] >= 0) return options['prefetchPolicy.all']
    if (isQueue(destination)) return options['prefetchPolicy.queuePrefetch']
    return options[durable ? 'prefetchPolicy.durableTopicPrefetch' : 'prefetchPolicy.topicPrefetch']
  }

  #assertOpen(what: string): void {
    if (this.#closed) throw this.#illegalState(what, 'the session is closed')
  }

  #assertTransacted(what: string): void {
    this.#assertOpen(what)
    if (!this.transacted) throw this.#illegalState(what, 'the session is not transacted')
  }

  #illegalState(what: string, state: string): JmsError {
    return new JmsError('javax.jms.IllegalStateException', `Cannot ${what}: ${state}`)
  }
}
