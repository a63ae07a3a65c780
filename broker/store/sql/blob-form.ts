// A message as ActiveMQ keeps it in the column MSG: OpenWire, loose, without cache, behind its size in 4 bytes. Of which version it is
// stands nowhere (storeOpenWireVersion of the broker that wrote it). A message of version 11 has the same bytes as our stored form
// (message/stored-message.ts); stores that old releases began are of version 6, which is our form but for two fields that came with
// version 10:
//
//   type byte, fields …, message id: 1, 110, [text view: string], producer id …, broker times, [jmsxGroupFirstForConsumer: bool], …
import { messageIdCode, newFieldOffsets, scanFields } from '../../message/message-fields.ts'
import { LooseScanner, MessageFormatError } from '../../message/loose-scanner.ts'

const sizeBytes = 4

/** What a blob has more than the stored form. */
export const blobOverheadBytes = sizeBytes

/** `bytes`: a stored form. */
export function blobOf(bytes: Buffer): Buffer {
  const blob = Buffer.allocUnsafe(sizeBytes + bytes.length)
  blob.writeUInt32BE(bytes.length, 0)
  bytes.copy(blob, sizeBytes)
  return blob
}

/** The stored form of a message of any version since 3. Whatever is none comes out as it is, without its size: who reads it will find out. */
export function storedFormOf(blob: Buffer): Buffer {
  if (blob.length < sizeBytes || blob.readUInt32BE(0) !== blob.length - sizeBytes) return Buffer.from(blob)
  // A copy: a driver's buffer has whatever came with it.
  const bytes = Buffer.from(blob.subarray(sizeBytes))
  if (isStoredForm(bytes)) return bytes
  const upgraded = upgradedForm(bytes)
  return upgraded && isStoredForm(upgraded) ? upgraded : bytes
}

const offsets = newFieldOffsets()

function isStoredForm(bytes: Buffer): boolean {
  try {
    scanFields(bytes, offsets)
    return true
  } catch (error) {
    if (error instanceof MessageFormatError) return false
    throw error
  }
}

/** undefined for what cannot be a message of a version before 10. */
function upgradedForm(bytes: Buffer): Buffer | undefined {
  try {
    const places = placesToFill(new LooseScanner(bytes, 1))
    if (!places) return undefined
    const [textView, groupFirst] = places
    const absent = Buffer.from([0])
    const parts = [bytes.subarray(0, textView), absent, bytes.subarray(textView, groupFirst), absent]
    return Buffer.concat([...parts, bytes.subarray(groupFirst)])
  } catch (error) {
    if (error instanceof MessageFormatError) return undefined
    throw error
  }
}

/** Where the two fields are missing. The order of the lines is the order of the fields. */
function placesToFill(scanner: LooseScanner): readonly [number, number] | undefined {
  scanner.advance(5) // commandId, responseRequired
  for (let count = 0; count < 4; count++) scanner.skipNested() // producerId to originalDestination
  if (!scanner.bool() || scanner.uint8() !== messageIdCode) return undefined
  const textView = scanner.position
  scanner.skipNested()
  scanner.advance(16) // the rest of the message id
  scanner.skipNested() // originalTransactionId
  scanner.skipString() // groupID
  scanner.advance(4) // groupSequence
  scanner.skipString() // correlationId
  scanner.advance(10) // persistent, expiration, priority
  scanner.skipNested() // replyTo
  scanner.advance(8) // timestamp
  scanner.skipString() // type
  scanner.skipData() // content
  scanner.skipData() // marshalledProperties
  // A structure of any kind, in its own old form: advisories have one, and are not stored.
  if (scanner.bool()) return undefined
  scanner.skipNested() // targetConsumerId
  scanner.advance(5) // compressed, redeliveryCounter
  scanner.skipArray() // brokerPath
  scanner.advance(8) // arrival
  scanner.skipString() // userID
  scanner.advance(2) // recievedByDFBridge, droppable
  scanner.skipArray() // cluster
  scanner.advance(16) // brokerInTime, brokerOutTime
  return [textView, scanner.position]
}
