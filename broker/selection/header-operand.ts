// The header fields that a selector can name, as ActiveMQ has them (PropertyExpression): every other name is a property's.
import { destinationKey, type Destination } from '../message/destination.ts'
import { numberTypes, type NumberType, type Operand, type SelectorValue } from '../selector/value.ts'
import type { ShownMessage } from './shown-message.ts'

interface HeaderField {
  readonly numberType: NumberType
  read(shown: ShownMessage): SelectorValue
}

const { none, int, long } = numberTypes

const fields: Readonly<Record<string, HeaderField>> = {
  JMSDestination: field(none, ({ message }) => destinationKey(message.originalDestination ?? message.destination)),
  JMSReplyTo: field(none, ({ message }) => textOf(message.replyTo)),
  JMSType: field(none, ({ message }) => message.type),
  JMSDeliveryMode: field(none, ({ message }) => (message.persistent ? 'PERSISTENT' : 'NON_PERSISTENT')),
  JMSPriority: field(int, ({ message }) => message.priority),
  JMSMessageID: field(none, ({ message }) => message.jmsMessageId),
  JMSTimestamp: field(long, ({ message }) => message.timestamp),
  JMSCorrelationID: field(none, ({ message }) => message.correlationId),
  JMSExpiration: field(long, ({ message }) => message.expiration),
  JMSRedelivered: field(none, ({ redeliveryCounter }) => redeliveryCounter > 0),
  JMSXDeliveryCount: field(int, ({ redeliveryCounter }) => redeliveryCounter + 1),
  JMSXGroupID: field(none, ({ message }) => message.groupId),
  JMSXGroupSeq: field(int, ({ message }) => message.groupSequence),
  JMSXProducerTXID: field(none, ({ message }) => message.originalTransactionId ?? message.transactionId),
  JMSXGroupFirstForConsumer: field(none, ({ message }) => message.groupFirstForConsumer),
  JMSActiveMQBrokerInTime: field(long, ({ message }) => message.brokerInTime),
  JMSActiveMQBrokerOutTime: field(long, ({ message }) => message.brokerOutTime),
}

/** null for a name that is no field's. */
export const headerOperand = (name: string, shown: ShownMessage): Operand | null =>
  Object.hasOwn(fields, name) ? new HeaderOperand(fields[name]!, shown) : null

/** ActiveMQ: the field, or else the property of that name. */
export const userIdOperand = (shown: ShownMessage, property: Operand): Operand => ({
  numberType: none,
  read: () => shown.message.userId ?? property.read(),
})

/** Read once of each message for all who ask. */
class HeaderOperand implements Operand {
  readonly numberType: NumberType
  readonly #read: HeaderField['read']
  readonly #shown: ShownMessage
  #number = 0
  #value: SelectorValue = null

  constructor({ numberType, read }: HeaderField, shown: ShownMessage) {
    this.numberType = numberType
    this.#read = read
    this.#shown = shown
  }

  read(): SelectorValue {
    const { number } = this.#shown
    if (this.#number !== number) {
      this.#value = this.#read(this.#shown)
      this.#number = number
    }
    return this.#value
  }
}

function field(numberType: NumberType, read: HeaderField['read']): HeaderField {
  return { numberType, read }
}

const textOf = (destination: Destination | null): string | null => destination && destinationKey(destination)
