// Builds advisory messages (as AdvisoryBroker.fireAdvisory of ActiveMQ): type 23, JMSType "Advisory", non-persistent, priority 0, the
// structure that it is about, and who says so.
import { FormatError } from '../base/format-error.ts'
import type { PrimitiveValue } from '../marshal/primitive-map.ts'
import { messageCommandOf, nestedFormOf } from '../wire/openwire/stored-form.ts'
import { buildMessage, type NewMessage } from '../message/build-message.ts'
import type { Message } from '../message/message.ts'
import type { ProducerIdFields } from '../message/producer-id.ts'
import type { ConsumerId, DataStructure } from '../wire/openwire/commands.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'

export interface Advisory {
  readonly topic: string
  readonly dataStructure: DataStructure | null
  readonly properties?: Readonly<Record<string, PrimitiveValue>>
  /** Replays: the one consumer that is meant. */
  readonly targetConsumerId?: ConsumerId
}

export class AdvisoryMessageBuilder {
  readonly #identity: BrokerIdentity
  readonly #producer: ProducerIdFields
  #sequence = 0

  /** `startedMs`: a configured broker id is that of the start before, too, and message ids must not come again. */
  constructor(identity: BrokerIdentity, startedMs: number) {
    this.#identity = identity
    this.#producer = { connectionId: `${identity.brokerId}:advisory:${startedMs}`, sessionId: 0, value: 0 }
  }

  /** Of the broker's own connection, which there was never before. */
  get connectionId(): string {
    return this.#producer.connectionId
  }

  build({ topic, dataStructure, properties, targetConsumerId }: Advisory, nowMs: number): Message {
    const { brokerName, brokerId, brokerUrl } = this.#identity
    const map = new Map<string, PrimitiveValue>([
      ['originBrokerName', text(brokerName)],
      ['originBrokerId', text(brokerId)],
      ['originBrokerURL', text(brokerUrl)],
      ...Object.entries(properties ?? {}),
    ])
    const target = targetConsumerId ? nestedFormOf(targetConsumerId) : null
    return this.#build({ topic, dataStructure }, { properties: map, targetConsumerId: target }, nowMs)
  }

  /** All that a bridge reads of one: the structure, and what it needs to acknowledge it. */
  buildForBridge(advisory: Advisory, nowMs: number): Message {
    return this.#build(advisory, {}, nowMs)
  }

  #build(
    { topic, dataStructure }: Advisory,
    more: Pick<NewMessage, 'properties' | 'targetConsumerId'>,
    nowMs: number,
  ): Message {
    return buildMessage({
      ...more,
      destination: { kind: 'topic', name: topic },
      producer: this.#producer,
      producerSequenceId: ++this.#sequence,
      priority: 0,
      type: 'Advisory',
      dataStructure: dataStructure && nestedFormOf(dataStructure),
      brokerInTime: nowMs,
    })
  }
}

/** A message as an advisory carries it: without its body; null when it cannot be read. */
export function withoutBody(message: Message): DataStructure | null {
  try {
    return { ...messageCommandOf(message.bytes), content: null }
  } catch (error) {
    // Stored by another version perhaps. An advisory without it is better than none.
    if (error instanceof FormatError) return null
    throw error
  }
}

const text = (value: string): PrimitiveValue => ({ type: 'string', value })
