// Messages for tests.
import { buildMessage } from '../../broker/message/build-message.ts'
import type { Destination } from '../../broker/message/destination.ts'
import { ForwardedForm } from '../../broker/message/forwarded-form.ts'
import type { Message } from '../../broker/message/message.ts'
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
  readonly groupId?: string
  readonly groupSequence?: number
  readonly body?: string
  readonly properties?: Buffer
  readonly brokerInTime?: number
  /** The brokers that it has passed. */
  readonly brokerPath?: readonly string[]
}

export function testMessage(options: TestMessageOptions): Message {
  const { producerId = 'ID:producer:1:1', body, brokerPath = [], ...fields } = options
  const [connectionId, sessionId, value] = /^(.*):(-?\d+):(-?\d+)$/.exec(producerId)!.slice(1)
  const producer = { connectionId: connectionId!, sessionId: Number(sessionId), value: Number(value) }
  const message = buildMessage({
    ...fields,
    producer,
    bodyKind: 'bytes',
    content: body === undefined ? null : Buffer.from(body),
  })
  return brokerPath.reduce((sent: Message, brokerId) => {
    const bridge = { connectionId: `bridge-of-${brokerId}`, sessionId: 1, value: 1 }
    return StoredMessage.scan(new ForwardedForm(bridge, brokerId).of(sent, sent.destination, 0))
  }, message)
}
