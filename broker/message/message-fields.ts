// Where the fields of a stored form stand. One pass over positions: every length is checked against what is there, every text
// for being modified UTF-8, and the structures that the broker reads for being what it expects.
import { isModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { firstDestinationCode, lastDestinationCode } from './destination-form.ts'
import { LooseScanner, MessageFormatError } from './loose-scanner.ts'
import { producerIdCode } from './producer-id.ts'

/** The fields behind the type byte, in wire order (ActiveMQ: v12.MessageMarshaller); `end` is where the last one ends. */
const names = [
  'commandId',
  'responseRequired',
  'producerId',
  'destination',
  'transactionId',
  'originalDestination',
  'messageId',
  'originalTransactionId',
  'groupID',
  'groupSequence',
  'correlationId',
  'persistent',
  'expiration',
  'priority',
  'replyTo',
  'timestamp',
  'type',
  'content',
  'marshalledProperties',
  'dataStructure',
  'targetConsumerId',
  'compressed',
  'redeliveryCounter',
  'brokerPath',
  'arrival',
  'userID',
  'recievedByDFBridge',
  'droppable',
  'cluster',
  'brokerInTime',
  'brokerOutTime',
  'jmsxGroupFirstForConsumer',
  'end',
] as const

type FieldName = (typeof names)[number]

/** The number of each field: where in `FieldOffsets` it stands. */
export const fields = Object.fromEntries(names.map((name, index) => [name, index])) as Readonly<
  Record<FieldName, number>
>

/** Of each field where it begins, counted from the type byte; each ends where the next one begins. */
export type FieldOffsets = Int32Array

export const newFieldOffsets = (): FieldOffsets => new Int32Array(names.length)

export const firstMessageCode = 23
const blobCode = 29
export const messageIdCode = 110
const localTransactionCode = 111
export const xaTransactionCode = 112

/** Fills `offsets`. Throws MessageFormatError. The order of the lines is the order of the fields. */
export function scanFields(bytes: Buffer, offsets: FieldOffsets): void {
  const code = bytes[0] ?? 0
  if (code < firstMessageCode || code > blobCode) throw new MessageFormatError(`type ${code} is no message`, 0)
  let at = 1
  offsets[fields.commandId] = at
  offsets[fields.responseRequired] = at += 4
  offsets[fields.producerId] = at += 1
  offsets[fields.destination] = at = afterProducerId(bytes, at)
  if (bytes[at] === 0) throw new MessageFormatError('it has no destination', at)
  offsets[fields.transactionId] = at = afterDestination(bytes, at)
  offsets[fields.originalDestination] = at = afterTransaction(bytes, at)
  offsets[fields.messageId] = at = afterDestination(bytes, at)
  offsets[fields.originalTransactionId] = at = afterMessageId(bytes, at)
  offsets[fields.groupID] = at = afterTransaction(bytes, at)
  offsets[fields.groupSequence] = at = afterString(bytes, at)
  offsets[fields.correlationId] = at += 4
  offsets[fields.persistent] = at = afterString(bytes, at)
  offsets[fields.expiration] = at += 1
  offsets[fields.priority] = at += 8
  offsets[fields.replyTo] = at += 1
  offsets[fields.timestamp] = at = afterDestination(bytes, at)
  offsets[fields.type] = at += 8
  offsets[fields.content] = at = afterString(bytes, at)
  offsets[fields.marshalledProperties] = at = afterData(bytes, at)
  offsets[fields.dataStructure] = at = afterData(bytes, at)
  offsets[fields.targetConsumerId] = at = afterNested(bytes, at)
  offsets[fields.compressed] = at = afterNested(bytes, at)
  offsets[fields.redeliveryCounter] = at += 1
  offsets[fields.brokerPath] = at += 4
  offsets[fields.arrival] = at = afterArray(bytes, at)
  offsets[fields.userID] = at += 8
  offsets[fields.recievedByDFBridge] = at = afterString(bytes, at)
  offsets[fields.droppable] = at += 1
  offsets[fields.cluster] = at += 1
  offsets[fields.brokerInTime] = at = afterArray(bytes, at)
  offsets[fields.brokerOutTime] = at += 8
  offsets[fields.jmsxGroupFirstForConsumer] = at += 8
  offsets[fields.end] = at += 1
  if (code === blobCode) at = afterString(bytes, afterString(bytes, at)) + 1
  if (at !== bytes.length) throw wrongLength(bytes, at)
}

/** Whether a form that is right otherwise has what no message may lack: a destination, and an id with its producer. */
export function hasItsIds(bytes: Buffer, offsets: FieldOffsets): boolean {
  const messageId = offsets[fields.messageId]!
  if (!bytes[offsets[fields.destination]!] || !bytes[messageId]) return false
  const producerId = afterString(bytes, messageId + 2)
  return bytes[producerId] !== 0
}

const wrongLength = (bytes: Buffer, end: number): MessageFormatError =>
  new MessageFormatError(
    end > bytes.length ? `${end - bytes.length} bytes are missing` : `${bytes.length - end} bytes follow it`,
    bytes.length,
  )

/** Of what is not there the flag is 0; behind the end of the form it is undefined, and the length will not be right. */
function afterString(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  const start = at + 3
  const end = start + ((bytes[at + 1]! << 8) | bytes[at + 2]!)
  if (end > bytes.length) throw wrongLength(bytes, end)
  // Checked although nobody reads it here: it would end the connection of whoever it is sent to.
  if (!isModifiedUtf8(bytes, start, end)) throw new MessageFormatError('a string is not modified UTF-8', start)
  return end
}

function afterData(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  if (at + 5 > bytes.length) throw wrongLength(bytes, at + 5)
  const length = bytes.readInt32BE(at + 1)
  if (length < 0 || length > bytes.length - at - 5)
    throw new MessageFormatError(`${length} bytes wanted, ${bytes.length - at - 5} left`, at)
  return at + 5 + length
}

function afterDestination(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  const code = codeAt(bytes, at + 1)
  if (code < firstDestinationCode || code > lastDestinationCode)
    throw new MessageFormatError(`type ${code} is no destination`, at)
  return afterString(bytes, at + 2)
}

/** Whoever reads it finds out whether it is one. */
function afterProducerId(bytes: Buffer, at: number): number {
  return bytes[at] && bytes[at + 1] === producerIdCode ? afterString(bytes, at + 2) + 16 : afterNested(bytes, at)
}

function afterMessageId(bytes: Buffer, at: number): number {
  if (!bytes[at] || bytes[at + 1] !== messageIdCode) throw new MessageFormatError('it has no message id', at)
  const producerId = afterString(bytes, at + 2)
  if (!bytes[producerId] || bytes[producerId + 1] !== producerIdCode)
    throw new MessageFormatError('its message id has no producer id', at)
  return afterProducerId(bytes, producerId) + 16
}

function afterTransaction(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  const code = codeAt(bytes, at + 1)
  if (code !== localTransactionCode && code !== xaTransactionCode)
    throw new MessageFormatError(`type ${code} is no transaction`, at)
  return afterNested(bytes, at)
}

/** Of a field whose flag says that there is one. */
function codeAt(bytes: Buffer, at: number): number {
  if (at >= bytes.length) throw wrongLength(bytes, at + 1)
  return bytes[at]!
}

function afterNested(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  const scanner = new LooseScanner(bytes, at)
  scanner.skipNested()
  return scanner.position
}

function afterArray(bytes: Buffer, at: number): number {
  if (!bytes[at]) return at + 1
  const scanner = new LooseScanner(bytes, at)
  scanner.skipArray()
  return scanner.position
}
