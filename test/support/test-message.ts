// Messages for tests, as real stored forms, written by hand so that the tests do not depend on the wire codec.
import type { Destination, DestinationKind } from '../../broker/message/destination.ts'
import { StoredMessage } from '../../broker/message/stored-message.ts'

export interface TestMessageOptions {
  readonly destination: Destination
  /** `<connectionId>:<sessionId>:<value>`. */
  readonly producerId?: string
  readonly producerSequenceId: number
  readonly persistent?: boolean
  readonly expiration?: number
  readonly priority?: number
  readonly redeliveryCounter?: number
  readonly body?: string
  readonly properties?: Buffer
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([1, bytes.length >> 8, bytes.length]), bytes])
}
const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
const data = (value: Buffer | undefined): Buffer => {
  if (!value) return Buffer.from([0])
  const head = Buffer.from([1, 0, 0, 0, 0])
  head.writeInt32BE(value.length, 1)
  return Buffer.concat([head, value])
}
const kinds: readonly DestinationKind[] = ['queue', 'topic', 'temp-queue', 'temp-topic']
const zeros = (count: number): Buffer => Buffer.alloc(count)

function producer(producerId: string): Buffer {
  const [connectionId, sessionId, value] = /^(.*):(-?\d+):(-?\d+)$/.exec(producerId)!.slice(1)
  return Buffer.concat([Buffer.from([1, 123]), text(connectionId!), long(Number(value)), long(Number(sessionId))])
}

export function testMessage(options: TestMessageOptions): StoredMessage {
  const { destination, producerId = 'ID:producer:1:1', producerSequenceId, persistent = false } = options
  return StoredMessage.scan(
    Buffer.concat([
      Buffer.from([24]),
      zeros(5),
      producer(producerId),
      Buffer.from([1, 100 + kinds.indexOf(destination.kind)]),
      text(destination.name),
      zeros(2),
      Buffer.from([1, 110, 0]),
      producer(producerId),
      long(producerSequenceId),
      long(0),
      zeros(1 + 1 + 4 + 1),
      Buffer.from([persistent ? 1 : 0]),
      long(options.expiration ?? 0),
      Buffer.from([options.priority ?? 4, 0]),
      long(0),
      zeros(1),
      data(options.body === undefined ? undefined : Buffer.from(options.body)),
      data(options.properties),
      zeros(1 + 1 + 1 + 3),
      Buffer.from([options.redeliveryCounter ?? 0]),
      zeros(1 + 8 + 1 + 2 + 1 + 16 + 1),
    ]),
  )
}
