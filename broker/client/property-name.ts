// Names of message properties (JMS 1.1, 3.5.1 and 3.5.9): identifiers of selectors, and no names of headers. ActiveMQ's Java
// client takes every name; one that is no identifier can never be asked for by a selector, so it is refused here unless
// somebody wants it (jms.validatePropertyNames, an option of Qpid JMS).
import { aName, unusable, type ValueRules } from './message-value.ts'

/** The JMSX properties that a client sets; ActiveMQ carries them in fields of their own. */
export const groupIdName = 'JMSXGroupID'
export const groupSequenceName = 'JMSXGroupSeq'

/** Character.isJavaIdentifierStart and isJavaIdentifierPart, without what Java ignores in identifiers. */
const identifier = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}]*$/u

/** What nearly all are; a fraction of the work. */
const asciiIdentifier = /^[A-Za-z_$][\w$]*$/

/** Words of selectors, in any case. */
const reservedWord = /^(null|true|false|not|and|or|between|like|in|is|escape)$/i

/** Header → what it is called in a message that is sent. */
const headers: ReadonlyMap<string, string> = new Map([
  ['JMSCorrelationID', 'the field correlationId of the message'],
  ['JMSReplyTo', 'the field replyTo of the message'],
  ['JMSType', 'the field type of the message'],
  ['JMSPriority', 'the option priority of the send'],
  ['JMSDeliveryMode', 'the option deliveryMode of the send'],
  ['JMSExpiration', 'the option timeToLive of the send'],
  ['JMSDestination', 'the destination of the producer or the send'],
  ['JMSMessageID', 'none: the producer sets it'],
  ['JMSTimestamp', 'none: the producer sets it'],
  ['JMSRedelivered', 'none: the broker sets it'],
])

export const checkPropertyName: ValueRules['checkName'] = (what: string, name: unknown): asserts name is string => {
  checkForeignPropertyName(what, name)
  if (!asciiIdentifier.test(name) && !identifier.test(name))
    throw unusable(
      `name of a ${what}`,
      name,
      'an identifier: letters, digits, _ and $, not beginning with a digit (jms.validatePropertyNames=false takes all)',
    )
  if (reservedWord.test(name)) throw unusable(`name of a ${what}`, name, 'a name that is no word of selectors')
}

/** For names that others have given, and that are no identifiers. */
export const checkForeignPropertyName: ValueRules['checkName'] = (
  what: string,
  name: unknown,
): asserts name is string => {
  aName(what, name)
  if (!name.startsWith('JMS')) return
  const header = headers.get(name)
  if (header !== undefined) throw unusable(`name of a ${what}`, name, header)
  if (name.startsWith('JMSX') && name !== groupIdName && name !== groupSequenceName)
    throw unusable(
      `name of a ${what}`,
      name,
      `of the names that begin with JMSX ${groupIdName} and ${groupSequenceName}`,
    )
}
