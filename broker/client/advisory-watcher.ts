// Listens to the advisories about temporary destinations, so that a send to one that was deleted fails at once
// (spec openwire.md sections 8 and 9). Like the Java client it uses the connection's own session, -1.
import type { ConsumerInfo, MessageDispatch } from '../wire/openwire/commands.ts'
import { acknowledgementType } from './acknowledgement-type.ts'
import { buildAcknowledgement, buildConsumerInfo } from './build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import { advisoryAcknowledgeShare } from './limits.ts'

const prefetchSize = 1000

/** Deleted names that are remembered; the oldest go first. */
const maxDeleted = 10_000

export class AdvisoryWatcher {
  readonly info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #deleted = new Set<string>()
  #unacknowledged = 0

  constructor(context: ConnectionContext) {
    this.#context = context
    this.info = buildConsumerInfo({
      consumerId: { kind: 'ConsumerId', connectionId: context.connectionId, sessionId: -1, value: 1 },
      destination: {
        kind: 'ActiveMQTopic',
        physicalName: 'ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic',
      },
      prefetchSize,
      noLocal: true,
    })
  }

  isDeleted(name: string): boolean {
    return this.#deleted.has(name)
  }

  interrupted(): void {
    this.#unacknowledged = 0
  }

  dispatch({ message, destination, consumerId }: MessageDispatch): void {
    const info = message?.dataStructure
    if (info?.kind === 'DestinationInfo') this.#note(info.destination?.physicalName ?? '', info.operationType)
    this.#unacknowledged++
    if (!message?.messageId || !consumerId || this.#unacknowledged < prefetchSize * advisoryAcknowledgeShare) return
    const count = this.#unacknowledged
    this.#unacknowledged = 0
    const last = message.messageId
    const { standard: type } = acknowledgementType
    this.#context
      .post(buildAcknowledgement({ type, consumerId, destination, transactionId: null, first: null, last, count }))
      .catch((error: Error) => this.#context.report(error))
  }

  #note(name: string, operationType: number): void {
    if (operationType === 0) this.#deleted.delete(name)
    else this.#deleted.add(name)
    if (this.#deleted.size > maxDeleted) this.#deleted.delete(this.#deleted.keys().next().value!)
  }
}
