// Consumers of queues, with and without a selector, that come, go and move.
import type { Random } from '../../../broker/base/random.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { Application } from './application.ts'
import type { MessageBook, QueueReader } from './message-book.ts'
import { queueOf } from './network-plan.ts'
import { passedBy, placesOf, type SimulatedNetwork } from './simulated-network.ts'

interface Consumer extends QueueReader {
  readonly application: Application
}

export interface QueueConsumersParts {
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly book: MessageBook
  readonly tell: (what: string) => void
}

export class QueueConsumers {
  readonly #parts: QueueConsumersParts
  #consumers: Consumer[] = []
  #lastNumber = 0
  moved = 0
  consumed = 0
  repeated = 0

  constructor(parts: QueueConsumersParts) {
    this.#parts = parts
  }

  /** `abovePriority`: it wants only what has a higher one; null: everything. */
  add(broker: string, queue: string, abovePriority: number | null): void {
    const { network, random, book, tell } = this.#parts
    const id = `ID:consumer-${++this.#lastNumber}`
    const reader = { id, broker, destination: queueOf(queue), abovePriority }
    tell(`${id} of ${queue} above ${abovePriority} comes to ${broker}`)
    const application = new Application(network.brokers.get(broker)!, {
      id,
      clientId: id,
      destination: reader.destination,
      prefetchSize: [1, 3, 1000][Math.floor(random.next() * 3)]!,
      selector: abovePriority === null ? null : `JMSPriority > ${abovePriority}`,
      subscriptionName: null,
      delivered: ({ message }) => book.delivered(textOf(message), reader, passedBy(message), network.clock.nowMs()),
    })
    this.#consumers.push({ ...reader, application })
  }

  removeOne(): void {
    const [consumer] = this.#consumers.splice(Math.floor(this.#parts.random.next() * this.#consumers.length), 1)
    if (consumer) this.#leave(consumer)
  }

  removeAll(): void {
    while (this.#consumers.length > 0) this.removeOne()
  }

  /** What one of them has been given. */
  acknowledgeOne(): void {
    const consumer = this.#consumers[Math.floor(this.#parts.random.next() * this.#consumers.length)]
    if (consumer) this.#acknowledge(consumer)
  }

  /** False when nobody had anything. */
  acknowledgeAll(): boolean {
    const having = this.#consumers.filter(({ application }) => application.has > 0)
    for (const consumer of having) this.#acknowledge(consumer)
    return having.length > 0
  }

  killed(broker: string): void {
    this.#consumers = this.#consumers.filter((consumer) => consumer.broker !== broker)
  }

  #leave({ id, broker, application }: Consumer): void {
    this.#parts.tell(`${id} at ${broker} leaves with ${application.has}`)
    application.connection.close()
    this.moved++
  }

  #acknowledge({ id, broker, application }: Consumer): void {
    for (const delivery of application.takeAll()) {
      const text = textOf(delivery.message)
      this.#parts.tell(`${id} at ${broker} consumes ${text}`)
      const sent = this.#parts.book.consumed(text)
      this.consumed++
      if (sent.consumed > 1) this.repeated++
      application.acknowledge(delivery, () => void sent.answeredOver.add(placesOf(delivery.message, broker)))
    }
  }
}

const textOf = ({ content }: Delivery['message']): string => content?.toString() ?? ''
