// Message bodies and properties as values (ActiveMQ: MarshallingSupport). The broker forwards both untouched; they are
// read for selectors, other protocols and the client.
import { inflateSync } from 'node:zlib'
import { deflateBody as deflate } from '../../marshal/compressed-body.ts'
import { decodeModifiedUtf8, encodeModifiedUtf8Into, modifiedUtf8Length } from '../../marshal/modified-utf8.ts'
import { isError } from '../../base/errors.ts'
import { maxInflatedBytes } from './limits.ts'
import { WireError } from './wire-error.ts'

export {
  decodePrimitiveMap,
  decodePrimitiveStream,
  encodePrimitiveMap,
  encodePrimitiveStream,
} from '../../marshal/primitive-map.ts'
export type { PrimitiveMap, PrimitiveValue } from '../../marshal/primitive-map.ts'

/** The text of a text message; null for a message without body or with a null text. */
export function decodeTextBody(content: Buffer | null): string | null {
  if (content === null) return null
  if (content.length < 4) throw new WireError(`Cannot decode text body: ${content.length} bytes are too few`)
  const length = content.readInt32BE(0)
  if (length === -1) return null
  if (length < 0 || length > content.length - 4)
    throw new WireError(`Cannot decode text body: ${length} bytes announced, ${content.length - 4} left`)
  return decodeModifiedUtf8(content, 4, 4 + length)
}

export function encodeTextBody(text: string | null): Buffer | null {
  if (text === null) return null
  const length = modifiedUtf8Length(text)
  const content = Buffer.allocUnsafe(4 + length)
  content.writeInt32BE(length, 0)
  encodeModifiedUtf8Into(content, 4, text, length)
  return content
}

/**
 * The body as it was before the sender compressed it. Bytes messages put its length in front, and that length counts: Java
 * deflates its whole buffer, with what lies behind the body (ActiveMQBytesMessage.doCompress). In all other messages the
 * stream is the body. Throws WireError.
 */
export function inflateBody(kind: string, content: Buffer): Buffer {
  // Nothing was written, so nothing was compressed: what says otherwise is the sender's connection.
  if (content.length === 0) return content
  if (kind !== 'ActiveMQBytesMessage') return inflate(content)
  if (content.length < 4) throw new WireError(`Cannot inflate body: ${content.length} bytes are too few`)
  const length = content.readInt32BE(0)
  const inflated = inflate(content.subarray(4))
  if (length < 0 || length > inflated.length)
    throw new WireError(`Cannot inflate body: ${length} bytes announced, ${inflated.length} are there`)
  return inflated.subarray(0, length)
}

function inflate(stream: Buffer): Buffer {
  try {
    return inflateSync(stream, { maxOutputLength: maxInflatedBytes })
  } catch (error) {
    throw new WireError(`Cannot inflate body: ${isError(error) ? error.message : String(error)}`, { cause: error })
  }
}

export const deflateBody = (kind: string, body: Buffer): Buffer => deflate(body, kind === 'ActiveMQBytesMessage')
