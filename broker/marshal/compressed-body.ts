// Bodies of messages as senders compress them: a zlib stream; of bytes messages the length of the body stands in front of it
// (ActiveMQ: Message.doCompress, ActiveMQBytesMessage.doCompress).
import { deflateSync } from 'node:zlib'

export function deflateBody(body: Buffer, hasLengthInFront: boolean): Buffer {
  const stream = deflateSync(body)
  if (!hasLengthInFront) return stream
  const length = Buffer.allocUnsafe(4)
  length.writeInt32BE(body.length, 0)
  return Buffer.concat([length, stream])
}
