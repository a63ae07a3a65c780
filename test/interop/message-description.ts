// What a message is, in one line, as MessageMirror.java says it: what the Java client reads and what ours wrote can be compared
// to the last bit. Texts are hexadecimal UTF-16, floats and doubles their bits, names in order.
import type { ReceivedMessage } from '../../broker/client/message.ts'
import type { PrimitiveMap, PrimitiveValue } from '../../broker/client/message-value.ts'

export function describeMessage(message: ReceivedMessage): string {
  const { correlationId, type, replyTo, groupId, groupSequence, priority, expiration, timestamp } = message
  return [
    describeBody(message),
    describeMap(message.typedProperties),
    describeText(correlationId),
    describeText(type),
    replyTo === null ? 'null' : `${replyTo.kind}://${replyTo.name}`,
    describeText(groupId),
    groupSequence,
    priority,
    message.persistent ? 2 : 1,
    expiration === 0 ? 0 : expiration - timestamp,
    message.redelivered,
    message.deliveryCount,
    message.command.compressed ? 'compressed' : 'plain',
  ].join(' ')
}

function describeBody(message: ReceivedMessage): string {
  const { kind } = message
  switch (kind) {
    case 'message':
      return kind
    case 'text':
      return `text ${describeText(message.text)}`
    case 'bytes':
      return `bytes ${describeBytes(message.bytes!)}`
    case 'map':
      return `map map${describeMap(message.map!)}`
    case 'stream':
      return `stream ${describeList(message.stream!)}`
    case 'object':
      return `object ${message.object === null ? 'null' : describeBytes(message.object)}`
    case 'blob': {
      const { url, mimeType, deletedByBroker } = message.blob!
      // What ActiveMQBlobMessage.getMimeType says of one without.
      return `blob ${url}|${mimeType ?? 'application/octet-stream'}|${deletedByBroker}`
    }
  }
}

function describeValue(value: PrimitiveValue): string {
  switch (value.type) {
    case 'null':
      return 'null'
    case 'float':
      return `float:${bitsOf(4, (bytes) => bytes.writeFloatBE(value.value))}`
    case 'double':
      return `double:${bitsOf(8, (bytes) => bytes.writeDoubleBE(value.value))}`
    case 'string':
      return describeText(value.value)
    case 'bytes':
      return describeBytes(value.value)
    case 'map':
      return `map${describeMap(value.value)}`
    case 'list':
      return describeList(value.value)
    case 'boolean':
    case 'byte':
    case 'short':
    case 'char':
    case 'int':
    case 'long':
      return `${value.type}:${value.value}`
  }
}

const describeMap = (map: PrimitiveMap): string =>
  `{${[...map]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${hexOf(name)}=${describeValue(value)}`)
    .join(',')}}`

const describeList = (values: readonly PrimitiveValue[]): string => `list[${values.map(describeValue).join(',')}]`

const describeBytes = (bytes: Buffer): string => `bytes:${bytes.toString('hex')}`

const describeText = (text: string | null): string => (text === null ? 'null' : `string:${hexOf(text)}`)

const hexOf = (text: string): string => Buffer.from(text, 'utf16le').swap16().toString('hex')

/** Without leading zeros, as Java prints them. */
function bitsOf(size: number, write: (bytes: Buffer) => void): string {
  const bytes = Buffer.alloc(size)
  write(bytes)
  return bytes.toString('hex').replace(/^0+(?=.)/, '')
}
