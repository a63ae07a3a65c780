// The honest client beside the strangers: sends to its own temporary queue and to its own topic, and expects each message
// once, in order, and each command answered.
import type { Command, DestinationStructure } from '../../broker/wire/openwire/commands.ts'
import { connectionInfo } from '../broker/session/openwire/session-harness.ts'
import {
  consumerInfo,
  destinationInfo,
  messageAck,
  producerInfo,
  textMessage,
} from '../broker/session/openwire/test-commands.ts'
import { settle } from './janitor.ts'
import { Peer, type PeerWorld } from './stranger-world.ts'

/** Strangers do not know it. */
const mark = 'from the honest client'

export class HonestClient {
  readonly connectionId = 'ID:honest-client:1'
  readonly messagesPerExchange = 20
  readonly #peer: Peer
  readonly #queue: DestinationStructure = { kind: 'ActiveMQTempQueue', physicalName: `${this.connectionId}:1` }
  readonly #topic: DestinationStructure = { kind: 'ActiveMQTopic', physicalName: 'honest.topic' }
  readonly #producerId = { kind: 'ProducerId', connectionId: this.connectionId, sessionId: -1, value: 1 } as const
  #commandId = 100
  #sequence = 0

  constructor(world: PeerWorld) {
    const { connectionId } = this
    this.#peer = new Peer(world, { tightEncodingEnabled: false, cacheEnabled: false }, true)
    this.#peer.negotiate({ maxInactivityDurationMs: 0 })
    const connection = { kind: 'ConnectionId', value: connectionId } as const
    this.#peer.send(
      connectionInfo({ connectionId: connection, clientId: 'honest' }),
      destinationInfo(0, { connectionId: connection, destination: this.#queue }),
      producerInfo({ producerId: this.#producerId, destination: null }),
      consumerInfo({ consumerId: this.#consumer(1), destination: this.#queue }),
      consumerInfo({ consumerId: this.#consumer(2), destination: this.#topic }),
    )
    this.#peer.received.length = 0
  }

  owns(destination: string): boolean {
    return destination.startsWith(this.connectionId) || destination === this.#topic.physicalName
  }

  /** @throws {Error} when anything is missing, doubled or out of order. */
  async exchange(): Promise<void> {
    const first = this.#sequence + 1
    const commandIds: number[] = []
    for (let count = 0; count < this.messagesPerExchange; count++) {
      commandIds.push(this.#send(this.#queue, true))
      commandIds.push(this.#send(this.#topic, false))
    }
    await settle()
    const refusal = this.#peer.received.find((command) => command.kind === 'ConnectionError')
    if (refusal?.kind === 'ConnectionError')
      throw new Error(`The honest client was told: ${refusal.exception?.message}`)
    const received = this.#peer.received.splice(0)
    const answered = received.flatMap((command) => (command.kind === 'Response' ? command.correlationId : []))
    expectEqual('answers', answered.toSorted(ascending), commandIds)
    this.#check(received, 1, first, 0)
    this.#check(received, 2, first, 1)
    if (this.#peer.closed) throw new Error(`The honest client was dropped: ${this.#peer.drops.join()}`)
  }

  #check(received: readonly Command[], consumer: number, first: number, offset: number): void {
    const dispatches = received.flatMap((command) =>
      command.kind === 'MessageDispatch' && command.consumerId?.value === consumer ? command : [],
    )
    // Anyone may send to the temporary queue of another, and a broker may say whose producer it was.
    const own = dispatches.filter(({ message }) => message?.correlationId === mark)
    const sequences = own.map(({ message }) => Number(message!.messageId!.producerSequenceId))
    const expected = Array.from({ length: this.messagesPerExchange }, (_, index) => first + 2 * index + offset)
    expectEqual(`messages of consumer ${consumer}`, sequences, expected)
    const last = dispatches.at(-1)!
    this.#peer.send(
      messageAck({
        consumerId: this.#consumer(consumer),
        destination: last.destination,
        lastMessageId: last.message!.messageId,
        messageCount: dispatches.length,
      }),
    )
  }

  #send(destination: DestinationStructure, persistent: boolean): number {
    const commandId = this.#commandId++
    const messageId = {
      kind: 'MessageId',
      textView: null,
      producerId: this.#producerId,
      producerSequenceId: ++this.#sequence,
      brokerSequenceId: 0,
    } as const
    const message: Command = textMessage({
      commandId,
      producerId: this.#producerId,
      destination,
      messageId,
      correlationId: mark,
      persistent,
    })
    this.#peer.send(message)
    return commandId
  }

  #consumer(value: number) {
    return { kind: 'ConsumerId', connectionId: this.connectionId, sessionId: -1, value } as const
  }
}

const ascending = (left: number, right: number): number => left - right

function expectEqual(what: string, found: readonly number[], expected: readonly number[]): void {
  if (found.length === expected.length && found.every((value, index) => value === expected[index])) return
  throw new Error(`The honest client got ${what} ${found.join(' ')} instead of ${expected.join(' ')}`)
}
