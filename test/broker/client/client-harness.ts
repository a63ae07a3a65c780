// Sessions and consumers over a transport that is only a list of commands.
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import type { AcknowledgeMode } from '../../../broker/client/acknowledgements.ts'
import { Connection } from '../../../broker/client/connection.ts'
import { buildMessageCommand } from '../../../broker/client/message.ts'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'
import type { Transport, TransportListener } from '../../../broker/client/transport/channel.ts'
import type { Command, MessageAck, MessageCommand } from '../../../broker/wire/openwire/commands.ts'

export class FakeTransport implements Transport {
  readonly faultTolerant = true
  readonly sent: Command[] = []
  listener!: TransportListener
  /** Commands that are refused instead of answered, by kind. */
  readonly refused = new Map<string, string>()
  answering = true
  /** The socket takes nothing: what is sent waits. */
  heldBack = false

  connect(listener: TransportListener): Promise<void> {
    this.listener = listener
    return Promise.resolve()
  }

  send(command: Command): Promise<void> {
    if (this.heldBack) return new Promise(() => {})
    this.sent.push(command)
    if (!('responseRequired' in command) || !command.responseRequired || !this.answering) return Promise.resolve()
    const header = { commandId: 0, responseRequired: false, correlationId: command.commandId }
    const className = this.refused.get(command.kind)
    queueMicrotask(() =>
      this.listener.command(
        className === undefined
          ? { kind: 'Response', ...header }
          : {
              kind: 'ExceptionResponse',
              ...header,
              exception: { className, message: 'no', stackTrace: [], cause: null },
            },
      ),
    )
    return Promise.resolve()
  }

  close(): void {}

  refuse(commandId: number, className: string): void {
    const header = { commandId: 0, responseRequired: false, correlationId: commandId }
    const exception = { className, message: 'no', stackTrace: [], cause: null }
    this.listener.command({ kind: 'ExceptionResponse', ...header, exception })
  }

  get acks(): MessageAck[] {
    return this.sent.filter((command) => command.kind === 'MessageAck')
  }
}

const producerId = { kind: 'ProducerId', connectionId: 'ID:p-1:1', sessionId: 1, value: 1 } as const

export async function world(mode: AcknowledgeMode, query = '') {
  const clock = new ManualClock()
  const transport = new FakeTransport()
  const { options } = parseConnectionUrl(`tcp://a:1?jms.watchTopicAdvisories=false&${query}`)
  const connection = new Connection(
    {
      connectionId: 'ID:c-2:1',
      clientId: 'c',
      userName: null,
      password: null,
      options,
      clock,
      random: seededRandom(1),
    },
    transport,
  )
  await connection.open()
  const errors: string[] = []
  connection.on('exception', (error) => void errors.push(error.message))
  connection.start()
  const session = await connection.createSession(mode)
  const consumer = await session.createConsumer('Q')
  const dispatch = (
    sequence: number,
    fields: { redeliveryCounter?: number; expiration?: number; properties?: Record<string, number> } = {},
    to = consumer,
  ): void =>
    transport.listener.command({
      kind: 'MessageDispatch',
      commandId: 0,
      responseRequired: false,
      consumerId: to.info.consumerId,
      destination: to.info.destination,
      message: numbered(
        buildMessageCommand(
          { body: `m${sequence}`, ...(fields.properties && { properties: fields.properties }) },
          {
            producerId,
            sequence,
            destination: to.destination,
            transactionId: null,
            persistent: true,
            priority: 4,
            expiration: fields.expiration ?? 0,
            timestamp: 0,
            compress: false,
          },
        ),
        sequence,
      ),
      redeliveryCounter: fields.redeliveryCounter ?? 0,
    })
  return { clock, transport, connection, session, consumer, dispatch, errors }
}

/** As the broker does it: from 101 on. */
const numbered = (message: MessageCommand, sequence: number): MessageCommand => ({
  ...message,
  messageId: { ...message.messageId!, brokerSequenceId: 100 + sequence },
})

/** Type, range of producer sequences and count of each acknowledgement. */
export const summary = (acks: MessageAck[]): string[] =>
  acks.map(({ ackType, firstMessageId, lastMessageId, messageCount }) => {
    const first = firstMessageId === null ? '' : `${firstMessageId.producerSequenceId}..`
    return `${ackType}: ${first}${lastMessageId?.producerSequenceId} (${messageCount})`
  })
