// The kinds of messages, and their bodies as users write them → as they travel. Bodies of object messages are opaque: the bytes
// of Java's serialization, which nothing here makes or reads.
import type { MessageCommand } from '../wire/openwire/commands.ts'
import { encodePrimitiveMap, encodePrimitiveStream, encodeTextBody } from '../wire/openwire/properties.ts'
import type { Fields } from './given.ts'
import {
  aBoolean,
  aNonEmptyText,
  aText,
  bufferOf,
  checkFields,
  isBytes,
  isMap,
  isPlainObject,
  oneOf,
  refused,
} from './given.ts'
import type { JmsError } from './jms-error.ts'
import type { MessageRules } from './message-rules.ts'
import type { MessageValue, MessageValues, ValueRules } from './message-value.ts'
import { aName, typedList, typedMap } from './message-value.ts'

/** JMS's six, `message` being the one without a body, and ActiveMQ's `blob`. */
export type MessageKind = keyof typeof commandKinds

/**
 * A text gives a text message, bytes a bytes message, a map or a plain object a map message, an array a stream message, null a
 * message without body; of the kinds `object` (bytes) and `blob` it is only if the message says so.
 */
export type MessageBody = string | Uint8Array | MessageValues | readonly MessageValue[] | BlobReference | null

/** A blob message says where its content is; nothing here fetches or stores it. */
export interface BlobReference {
  readonly url: string
  readonly mimeType?: string | null | undefined
  /** The broker is to delete it with the message. */
  readonly deletedByBroker?: boolean | null | undefined
}

const commandKinds = {
  message: 'ActiveMQMessage',
  text: 'ActiveMQTextMessage',
  bytes: 'ActiveMQBytesMessage',
  map: 'ActiveMQMapMessage',
  stream: 'ActiveMQStreamMessage',
  object: 'ActiveMQObjectMessage',
  blob: 'ActiveMQBlobMessage',
} as const satisfies Record<string, MessageCommand['kind']>

const kindsOfCommands = new Map(Object.entries(commandKinds).map(([kind, command]) => [command, kind as MessageKind]))

export const kindOfCommand = (command: MessageCommand): MessageKind => kindsOfCommands.get(command.kind)!

export const aMessageKind = oneOf(...Object.keys(commandKinds))

export interface EncodedBody {
  readonly kind: MessageCommand['kind']
  readonly content: Buffer | null
  readonly blob: BlobReference | null
}

const mapRules: ValueRules = { what: 'map entry', nested: true, checkName: aName }
const flatMapRules: ValueRules = { ...mapRules, nested: false }
const streamRules: ValueRules = { what: 'stream value', nested: false, checkName: aName }

const blobFields: Fields = { url: aNonEmptyText, mimeType: aText, deletedByBroker: aBoolean }

/** `kind` null: by what the body is. Throws JmsError for a body that cannot be, or not of this kind. */
export function encodeBody(body: MessageBody, kind: MessageKind | null, rules: MessageRules): EncodedBody {
  const chosen = kind ?? kindOfBody(body)
  if (chosen === 'blob') return { kind: commandKinds.blob, content: null, blob: blobOf(body) }
  return { kind: commandKinds[chosen], content: body === null ? null : encoded(body, chosen, rules), blob: null }
}

function kindOfBody(body: MessageBody): MessageKind {
  if (body === null) return 'message'
  if (typeof body === 'string') return 'text'
  if (isBytes(body)) return 'bytes'
  if (Array.isArray(body)) return 'stream'
  if (isMap(body) || isPlainObject(body)) return 'map'
  throw unusableBody(
    body,
    'a text, bytes, a map, a plain object (both as map message), an array (as stream message) or null',
  )
}

function encoded(body: MessageBody, kind: MessageKind, rules: MessageRules): Buffer | null {
  switch (kind) {
    case 'text':
      if (typeof body === 'string') return encodeTextBody(body)
      throw unusableBody(body, 'a text or null, of a message of kind text')
    case 'bytes':
    case 'object':
      if (isBytes(body)) return bufferOf(body)
      throw unusableBody(body, `bytes or null, of a message of kind ${kind}`)
    case 'map':
      if (isMap(body) || isPlainObject(body))
        return encodePrimitiveMap(typedMap(body, rules.nestedMapAndListEnabled ? mapRules : flatMapRules))
      throw unusableBody(body, 'a map, a plain object or null, of a message of kind map')
    case 'stream':
      if (Array.isArray(body)) return encodePrimitiveStream(typedList(body, streamRules))
      throw unusableBody(body, 'an array or null, of a message of kind stream')
    case 'message':
    case 'blob':
      throw unusableBody(body, `null, of a message of kind ${kind}`)
  }
}

function blobOf(body: unknown): BlobReference {
  if (!isPlainObject(body) || body['url'] === undefined || body['url'] === null)
    throw unusableBody(body, 'an object with url, mimeType and deletedByBroker, of a message of kind blob')
  checkFields('send a blob message', body, blobFields, formatError)
  return body as unknown as BlobReference
}

const formatError = 'javax.jms.MessageFormatException'

const unusableBody = (body: unknown, accepts: string): JmsError => refused('send', 'body', body, accepts, formatError)
