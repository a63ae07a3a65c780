// The honest bridge beside the strangers': what is sent at `us` reaches a topic, a temporary queue and in the end a queue of a client at
// `friend`, each message once and in order.
import type { Destination } from '../../../broker/message/destination.ts'
import type { Delivery, RegionConnection } from '../../../broker/region/region.ts'
import { acknowledgementNamed } from '../../support/acknowledgement.ts'
import { testMessage } from '../../support/test-message.ts'
import { settle } from '../janitor.ts'
import type { BridgeWorld } from './bridge-world.ts'

const producerId = 'ID:honest-producer:1:1'
const reader = 'ID:honest-reader'
const topic: Destination = { kind: 'topic', name: 'honest.network.T' }
const queue: Destination = { kind: 'queue', name: 'honest.network.Q' }
const replies: Destination = { kind: 'temp-queue', name: `${reader}:1` }

/** Turns of the event loop until what is under way between two brokers in one process has arrived. */
const enoughTurns = 6

export class HonestTraffic {
  readonly messagesPerExchange = 20
  readonly #producer: RegionConnection
  readonly #reader: RegionConnection
  #received: Delivery[] = []
  #sequence = 0

  static async start(world: BridgeWorld): Promise<HonestTraffic> {
    const traffic = new HonestTraffic(world)
    for (let turn = 0; turn < enoughTurns; turn++) await settle()
    return traffic
  }

  private constructor({ us, friend }: BridgeWorld) {
    const idle = { deliverNothing() {}, pause() {}, resume() {} }
    const options = { failoverReconnect: false }
    this.#producer = us.parts.region.connect(
      { ...options, connectionId: 'ID:honest-producer', clientId: 'honest producer' },
      { ...idle, deliver() {} },
    )
    this.#producer.addProducer({ producerId, destination: null })
    this.#reader = friend.parts.region.connect(
      { ...options, connectionId: reader, clientId: 'honest reader' },
      { ...idle, deliver: (delivery) => void this.#received.push(delivery) },
    )
    this.#reader.addDestination(replies)
    for (const [index, destination] of [topic, replies, queue].entries()) this.#consume(index, destination)
  }

  owns({ name }: { readonly name: string }): boolean {
    return [topic, queue, replies].some((destination) => destination.name === name)
  }

  /** @throws {Error} when anything is missing, doubled or out of order. */
  async exchange(): Promise<void> {
    await this.#sendAndReceive(topic, this.messagesPerExchange)
    await this.#sendAndReceive(replies, this.messagesPerExchange)
  }

  /** The same over a queue, which strangers could consume from. */
  async exchangeOverQueue(messages: number): Promise<void> {
    await this.#sendAndReceive(queue, messages)
  }

  #consume(index: number, destination: Destination): void {
    this.#reader.addConsumer({
      consumerId: `${reader}:1:${index}`,
      destination,
      prefetchSize: 1000,
      priority: 0,
      exclusive: false,
      noLocal: false,
      maximumPendingMessageLimit: 0,
      selector: null,
      browser: false,
      subscriptionName: null,
    })
  }

  async #sendAndReceive(destination: Destination, messages: number): Promise<void> {
    const expected: number[] = []
    let refusal: Error | undefined
    for (let count = 0; count < messages; count++) {
      expected.push(++this.#sequence)
      const message = testMessage({
        destination,
        producerId,
        producerSequenceId: this.#sequence,
        persistent: true,
        body: 'x',
      })
      this.#producer.send(message, null, (error) => void (refusal ??= error))
    }
    for (let turn = 0; turn < enoughTurns; turn++) await settle()
    const received = this.#received.splice(0)
    for (const { consumerId, message, sequence } of received)
      this.#reader.acknowledge(
        acknowledgementNamed('individual', { consumerId, last: { messageId: message.messageId, sequence } })!,
        () => {},
      )
    const own = received.filter(({ message }) => message.producerId === producerId)
    const numbers = own.map(({ message }) => message.producerSequenceId)
    if (refusal) throw new Error(`The honest producer was told: ${refusal.message}`)
    if (numbers.join() !== expected.join())
      throw new Error(`The client at friend got ${numbers.join()} of ${destination.name} instead of ${expected.join()}`)
  }
}
