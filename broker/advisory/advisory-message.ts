// Builds advisory messages (as AdvisoryBroker.fireAdvisory of ActiveMQ): type 23, JMSType "Advisory", non-persistent, priority 0, the
// structure that it is about, and who says so.
import { FormatError } from '../base/format-error.ts'
import { encodePrimitiveMap, type PrimitiveValue } from '../marshal/primitive-map.ts'
import { messageCommandOf, storedFormOf } from '../wire/openwire/stored-form.ts'
import { StoredMessage } from '../message/stored-message.ts'
import type { Message } from '../message/message.ts'
import type { ActiveMQMessage, ConsumerId, DataStructure, ProducerId } from '../wire/openwire/commands.ts'
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
  readonly #producerId: ProducerId
  #sequence = 0

  constructor(identity: BrokerIdentity) {
    this.#identity = identity
    this.#producerId = { kind: 'ProducerId', connectionId: `${identity.brokerId}:advisory`, value: 0, sessionId: 0 }
  }

  build({ topic, dataStructure, properties, targetConsumerId }: Advisory, nowMs: number): Message {
    const { brokerName, brokerId, brokerUrl } = this.#identity
    const map = new Map<string, PrimitiveValue>([
      ['originBrokerName', text(brokerName)],
      ['originBrokerId', text(brokerId)],
      ['originBrokerURL', text(brokerUrl)],
      ...Object.entries(properties ?? {}),
    ])
    const message: ActiveMQMessage = {
      kind: 'ActiveMQMessage',
      commandId: 0,
      responseRequired: false,
      producerId: this.#producerId,
      destination: { kind: 'ActiveMQTopic', physicalName: topic },
      transactionId: null,
      originalDestination: null,
      messageId: {
        kind: 'MessageId',
        textView: null,
        producerId: this.#producerId,
        producerSequenceId: ++this.#sequence,
        brokerSequenceId: 0,
      },
      originalTransactionId: null,
      groupID: null,
      groupSequence: 0,
      correlationId: null,
      persistent: false,
      expiration: 0,
      priority: 0,
      replyTo: null,
      timestamp: 0,
      type: 'Advisory',
      content: null,
      marshalledProperties: encodePrimitiveMap(map),
      dataStructure,
      targetConsumerId: targetConsumerId ?? null,
      compressed: false,
      redeliveryCounter: 0,
      brokerPath: null,
      arrival: 0,
      userID: null,
      recievedByDFBridge: false,
      droppable: false,
      cluster: null,
      brokerInTime: nowMs,
      brokerOutTime: 0,
      jmsxGroupFirstForConsumer: false,
    }
    return StoredMessage.scan(storedFormOf(message))
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
