// Messages for tests.
import { buildMessage } from '../../broker/message/build-message.ts'
import type { Destination } from '../../broker/message/destination.ts'
import type { Message } from '../../broker/message/message.ts'

export interface TestMessageOptions {
  readonly destination: Destination
  /** `<connectionId>:<sessionId>:<value>`. */
  readonly producerId?: string
  readonly producerSequenceId: number
  readonly persistent?: boolean
  readonly expiration?: number
  readonly priority?: number
  readonly redeliveryCounter?: number
  readonly groupId?: string
  readonly groupSequence?: number
  readonly body?: string
  readonly properties?: Buffer
}

export function testMessage({ producerId = 'ID:producer:1:1', body, ...fields }: TestMessageOptions): Message {
  const [connectionId, sessionId, value] = /^(.*):(-?\d+):(-?\d+)$/.exec(producerId)!.slice(1)
  return buildMessage({
    ...fields,
    producer: { connectionId: connectionId!, sessionId: Number(sessionId), value: Number(value) },
    bodyKind: 'bytes',
    content: body === undefined ? null : Buffer.from(body),
  })
}
