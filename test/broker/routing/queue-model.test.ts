// A queue under random commands against a naive model. The model does not predict who gets a message; it watches every
// delivery and says whether it was allowed, and after every command whether something was left undone:
//   - a delivery is the oldest waiting message, to a consumer with room, with the right redelivery counter,
//     and no consumer of higher priority had room
//   - no message waits while a consumer has room
//   - sizes, dead letters, stored messages and memory are what the model counts
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { AcknowledgementType, Delivery } from '../../../broker/routing/region.ts'
import { RegionHarness } from './region-harness.ts'
import type { TestClient, TestConsumer } from './region-harness.ts'

interface ModelMessage {
  readonly id: number
  readonly persistent: boolean
  readonly expiration: number
  redeliveries: number
  /** Set by the delivery. */
  delivery?: Delivery
  transaction?: ModelTransaction | undefined
}

interface ModelTransaction {
  readonly id: string
  readonly sends: ModelMessage[]
  readonly acknowledged: { consumer: ModelConsumer; message: ModelMessage }[]
}

interface ModelConsumer {
  readonly real: TestConsumer
  readonly connection: ModelConnection
  readonly priority: number
  prefetch: number
  extension: number
  pull: { timeoutMs: number } | null
  dispatched: ModelMessage[]
  nothings: number
  closed: boolean
}

interface ModelConnection {
  readonly real: TestClient
  consumers: ModelConsumer[]
  transaction: ModelTransaction | null
}

type Command =
  | { do: 'send'; connection: number; persistent: boolean; expiring: boolean; transacted: boolean }
  | { do: 'consume'; connection: number; prefetch: number; priority: number }
  | {
      do: 'acknowledge'
      consumer: number
      type: AcknowledgementType
      first: number
      last: number
      transacted: boolean
      references: boolean
    }
  | { do: 'commit' | 'rollback' | 'closeConnection'; connection: number }
  | { do: 'closeConsumer'; consumer: number; lastDelivered: number }
  | { do: 'pull'; consumer: number; timeoutMs: number }
  | { do: 'setPrefetch'; consumer: number; prefetch: number }
  | { do: 'advance' }

const sweepMs = 30_000

class QueueModel {
  waiting: ModelMessage[] = []
  deadLetters = 0
  readonly connections: ModelConnection[] = []
  readonly #harness: RegionHarness
  readonly #onlyPersistent: boolean
  readonly #orphans = new Set<ModelMessage>()
  readonly #log: { consumer: TestConsumer; delivery: Delivery }[] = []
  #messages = 0
  #transactions = 0

  constructor(harness: RegionHarness, onlyPersistent: boolean) {
    this.#harness = harness
    this.#onlyPersistent = onlyPersistent
  }

  async run(command: Command): Promise<void> {
    this.#apply(command)
    await this.#harness.settle()
    for (const { consumer, delivery } of this.#log.splice(0)) this.#checkDelivery(consumer, delivery)
    for (const consumer of this.#consumers()) this.#answerPull(consumer)
    this.#checkState()
  }

  #apply(command: Command): void {
    switch (command.do) {
      case 'send':
        return this.#send(command)
      case 'consume':
        return this.#consume(command)
      case 'advance':
        return this.#advance()
      case 'commit':
      case 'rollback':
      case 'closeConnection': {
        const connection = this.#connection(command.connection)
        if (command.do === 'closeConnection') return this.#closeConnection(connection)
        const { transaction } = connection
        if (!transaction) return
        connection.real.connection[command.do](transaction.id, () => {})
        return this.#end(connection, command.do === 'commit')
      }
      case 'acknowledge':
      case 'closeConsumer':
      case 'pull':
      case 'setPrefetch': {
        const consumers = this.#consumers()
        if (consumers.length === 0) return
        const consumer = consumers[command.consumer % consumers.length]!
        if (command.do === 'acknowledge') this.#acknowledge(consumer, command)
        else if (command.do === 'closeConsumer') this.#closeConsumer(consumer, command.lastDelivered)
        else if (command.do === 'pull') this.#pull(consumer, command.timeoutMs)
        else this.#setPrefetch(consumer, command.prefetch)
      }
    }
  }

  #send({ connection: index, persistent, expiring, transacted }: Extract<Command, { do: 'send' }>): void {
    const connection = this.#connection(index)
    // A transaction that mixes modes may be reordered: the model does not go there.
    const kept = persistent || transacted || this.#onlyPersistent
    // Cold messages expire when they are read, which the model does not see.
    const expiration = expiring && !this.#onlyPersistent ? this.#harness.clock.nowMs() + 1000 : 0
    const message: ModelMessage = { id: ++this.#messages, persistent: kept, expiration, redeliveries: 0 }
    const transaction = transacted ? this.#transaction(connection) : null
    connection.real.send('queue://Q', {
      persistent: kept,
      producerSequenceId: message.id,
      expiration,
      ...(transaction ? { transactionId: transaction.id } : {}),
    })
    if (transaction) transaction.sends.push(message)
    else this.waiting.push(message)
  }

  #consume({ connection: index, prefetch, priority }: Extract<Command, { do: 'consume' }>): void {
    const connection = this.#connection(index)
    const real = connection.real.consume('queue://Q', { prefetchSize: 0, priority })
    const log = this.#log
    real.deliveries.push = (delivery) => log.push({ consumer: real, delivery })
    const consumer = {
      real,
      connection,
      priority,
      prefetch: 0,
      extension: 0,
      pull: null,
      dispatched: [],
      nothings: 0,
      closed: false,
    }
    connection.consumers.push(consumer)
    this.#setPrefetch(consumer, prefetch)
  }

  #acknowledge(consumer: ModelConsumer, command: Extract<Command, { do: 'acknowledge' }>): void {
    const { dispatched } = consumer
    if (dispatched.length === 0) return
    const { type } = command
    const transacted = command.transacted && (type === 'standard' || type === 'individual')
    const last = command.last % dispatched.length
    const first = type === 'individual' ? last : Math.min(command.first, last)
    const range = dispatched.slice(first, last + 1)
    const transaction = transacted ? this.#transaction(consumer.connection) : null
    const reference = (message: ModelMessage) => ({
      messageId: message.delivery!.message.messageId,
      sequence: command.references ? message.delivery!.sequence : 0,
    })
    const outcome = consumer.connection.real.outcome((done) =>
      consumer.connection.real.connection.acknowledge(
        {
          type,
          consumerId: consumer.real.consumerId,
          transactionId: transaction?.id ?? null,
          first: first === 0 || type === 'individual' ? null : reference(dispatched[first]!),
          last: reference(dispatched[last]!),
          messageCount: range.length,
          poisonCause: null,
          responseRequired: true,
        },
        done,
      ),
    )
    expect(outcome.state).not.toBe('failed')
    if (type === 'delivered') consumer.extension += consumer.prefetch > 0 ? range.length : 0
    else if (type !== 'redelivered' && type !== 'unmatched') this.#take(consumer, range, type, transaction)
  }

  #take(
    consumer: ModelConsumer,
    range: ModelMessage[],
    type: AcknowledgementType,
    transaction: ModelTransaction | null,
  ): void {
    if (transaction && type === 'individual' && consumer.prefetch > 0) consumer.extension++
    for (const message of range) {
      if (message.transaction) continue
      if (transaction) {
        message.transaction = transaction
        transaction.acknowledged.push({ consumer, message })
        continue
      }
      consumer.dispatched = consumer.dispatched.filter((other) => other !== message)
      consumer.extension = Math.max(0, consumer.extension - 1)
      if (type === 'poison' || type === 'expired') this.deadLetters += message.persistent ? 1 : 0
    }
  }

  #end(connection: ModelConnection, committed: boolean): void {
    const transaction = connection.transaction!
    connection.transaction = null
    for (const { consumer, message } of transaction.acknowledged) {
      message.transaction = undefined
      consumer.extension = Math.max(0, consumer.extension - 1)
      const orphan = this.#orphans.delete(message)
      if (committed) consumer.dispatched = consumer.dispatched.filter((other) => other !== message)
      else if (orphan) this.#return([message], 1)
    }
    if (committed) this.waiting.push(...transaction.sends)
  }

  #closeConsumer(consumer: ModelConsumer, choice: number): void {
    const { dispatched } = consumer
    const at = choice % (dispatched.length + 2)
    const lastDelivered =
      at < dispatched.length ? dispatched[at]!.delivery!.sequence : at === dispatched.length ? -1 : -2
    consumer.connection.real.connection.removeConsumer(consumer.real.consumerId, lastDelivered)
    this.#giveBack(consumer, lastDelivered === -2 ? dispatched.length : at < dispatched.length ? at + 1 : 0)
  }

  #closeConnection(connection: ModelConnection): void {
    connection.real.connection.close()
    if (connection.transaction) this.#end(connection, false)
    for (const consumer of connection.consumers) this.#giveBack(consumer, consumer.dispatched.length)
    this.connections.splice(this.connections.indexOf(connection), 1)
  }

  #giveBack(consumer: ModelConsumer, counted: number): void {
    consumer.closed = true
    consumer.connection.consumers = consumer.connection.consumers.filter((other) => other !== consumer)
    consumer.dispatched.forEach((message, index) => {
      if (message.transaction) this.#orphans.add(message)
      else this.#return([message], index < counted ? 1 : 0)
    })
  }

  #return(messages: ModelMessage[], redeliveries: number): void {
    for (const message of messages) message.redeliveries += redeliveries
    this.waiting.push(...messages)
    this.waiting.sort((a, b) => (a.delivery?.sequence ?? Infinity) - (b.delivery?.sequence ?? Infinity))
  }

  #pull(consumer: ModelConsumer, timeoutMs: number): void {
    consumer.real.client.connection.pull(consumer.real.consumerId, timeoutMs)
    if (consumer.prefetch === 0) consumer.pull = { timeoutMs }
  }

  #setPrefetch(consumer: ModelConsumer, prefetch: number): void {
    consumer.real.client.connection.setPrefetch(consumer.real.consumerId, prefetch)
    consumer.prefetch = prefetch
    if (prefetch > 0) consumer.pull = null
    else consumer.extension = 0
  }

  /** As long as the sweep takes to come by: everything that expires and waits has expired and is found. */
  #advance(): void {
    this.#harness.clock.advance(sweepMs)
    const expired = this.waiting.filter((message) => this.#isPast(message))
    this.waiting = this.waiting.filter((message) => !this.#isPast(message))
    this.deadLetters += expired.filter(({ persistent }) => persistent).length
    for (const consumer of this.#consumers())
      if (consumer.pull && consumer.pull.timeoutMs > 0) {
        consumer.pull = null
        consumer.nothings++
      }
  }

  #answerPull(consumer: ModelConsumer): void {
    if (consumer.pull?.timeoutMs !== -1) return
    consumer.pull = null
    consumer.nothings++
  }

  #checkDelivery(real: TestConsumer, delivery: Delivery): void {
    const consumer = this.#consumers().find((candidate) => candidate.real === real)!
    this.#dropExpired()
    const message = this.waiting.shift()
    expect(delivery.message.producerSequenceId).toBe(message?.id)
    expect(delivery.redeliveryCounter).toBe(message!.redeliveries)
    expect(hasRoom(consumer)).toBe(true)
    expect(this.#consumers().some((other) => other.priority > consumer.priority && hasRoom(other))).toBe(false)
    message!.delivery = delivery
    consumer.dispatched.push(message!)
    consumer.pull = null
  }

  #isPast({ expiration }: ModelMessage): boolean {
    return expiration > 0 && expiration <= this.#harness.clock.nowMs()
  }

  // One that expired in flight, or in a transaction, is found when it is its turn.
  #dropExpired(): void {
    while (this.waiting[0] && this.#isPast(this.waiting[0])) {
      if (this.waiting[0].persistent) this.deadLetters++
      this.waiting.shift()
    }
  }

  #checkState(): void {
    const consumers = this.#consumers()
    if (consumers.some(hasRoom)) this.#dropExpired()
    expect({ waiting: this.waiting.map(({ id }) => id), room: consumers.some(hasRoom) }).not.toMatchObject({
      waiting: expect.arrayContaining([expect.any(Number)]),
      room: true,
    })
    const inFlight = [...consumers.flatMap(({ dispatched }) => dispatched), ...this.#orphans]
    const all = [...this.waiting, ...inFlight]
    const statistics = this.#harness.of('queue://Q') ?? { size: 0, inFlight: 0 }
    expect({ size: statistics.size, inFlight: statistics.inFlight }).toEqual({
      size: all.length,
      inFlight: inFlight.length,
    })
    expect(this.#harness.of('queue://ActiveMQ.DLQ')?.size ?? 0).toBe(this.deadLetters)
    expect(this.#harness.store.statistics().messages).toBe(
      all.filter(({ persistent }) => persistent).length + this.deadLetters,
    )
    expect(consumers.map(({ real }) => real.nothings)).toEqual(consumers.map(({ nothings }) => nothings))
    if (!this.#onlyPersistent) {
      const transacted = this.connections.flatMap(({ transaction }) => transaction?.sends ?? [])
      const deadLetterBytes = this.#harness.of('queue://ActiveMQ.DLQ')?.memoryUsed ?? 0
      const used = this.#harness.region.memory().used - deadLetterBytes
      expect(used).toBe((all.length + transacted.length) * 1024)
    }
  }

  #connection(index: number): ModelConnection {
    while (this.connections.length < 3)
      this.connections.push({ real: this.#harness.connect(), consumers: [], transaction: null })
    return this.connections[index % 3]!
  }

  #transaction(connection: ModelConnection): ModelTransaction {
    if (connection.transaction) return connection.transaction
    const id = `TX:${++this.#transactions}`
    connection.real.connection.begin(id)
    return (connection.transaction = { id, sends: [], acknowledged: [] })
  }

  #consumers(): ModelConsumer[] {
    return this.connections.flatMap(({ consumers }) => consumers)
  }
}

const hasRoom = ({ prefetch, pull, dispatched, extension }: ModelConsumer): boolean =>
  prefetch === 0 ? pull !== null : dispatched.length - extension < prefetch

const small = fc.nat(7)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      connection: small,
      persistent: fc.boolean(),
      expiring: fc.nat(5).map((n) => n === 0),
      transacted: fc.nat(3).map((n) => n === 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('consume' as const),
      connection: small,
      prefetch: fc.nat(4),
      priority: fc.nat(1),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('acknowledge' as const),
      consumer: small,
      type: fc.constantFrom<AcknowledgementType>(
        'standard',
        'standard',
        'standard',
        'individual',
        'individual',
        'delivered',
        'redelivered',
        'unmatched',
        'poison',
        'expired',
      ),
      first: fc.nat(2),
      last: small,
      transacted: fc.boolean(),
      references: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const),
      connection: small,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('closeConnection' as const), connection: small }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('closeConsumer' as const), consumer: small, lastDelivered: small }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pull' as const), consumer: small, timeoutMs: fc.constantFrom(-1, 0, 500) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('setPrefetch' as const), consumer: small, prefetch: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'advance' } as const) },
)

// On failure fast-check prints the seed and the shortest list of commands that fails.
test.each([
  ['with everything in memory', false, 2 ** 30],
  ['with memory for four bodies, so that nearly all are read from the store', true, 6 * 1024],
])('a queue does what the model allows, %s', async (_name, onlyPersistent, memoryLimit) => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 80 }), async (commands) => {
      const harness = await RegionHarness.start({ memoryLimit })
      const model = new QueueModel(harness, onlyPersistent)
      for (const next of commands) await model.run(next)
    }),
    { numRuns: 60 },
  )
})
