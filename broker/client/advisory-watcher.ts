// Listens to the advisories about temporary destinations, so that a send to one that was deleted fails at once. Like the Java
// client's AdvisoryConsumer it uses the connection's own session, -1.
import type { ConsumerInfo, MessageDispatch } from '../wire/openwire/commands.ts'
import { acknowledgementTypes } from '../openwire/acknowledgement-types.ts'
import { buildAcknowledgement, buildConsumerInfo } from '../openwire/build-commands.ts'
import { destinationOperations } from '../openwire/destination-operations.ts'
import type { ConnectionContext } from './connection-context.ts'
import { advisoryAcknowledgeShare, advisoryPrefetch, maxDeletedDestinations } from './limits.ts'

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
      prefetchSize: advisoryPrefetch,
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
    if (!message?.messageId || !consumerId || this.#unacknowledged < advisoryPrefetch * advisoryAcknowledgeShare) return
    const count = this.#unacknowledged
    this.#unacknowledged = 0
    const last = message.messageId
    const { standard: type } = acknowledgementTypes
    this.#context
      .post(buildAcknowledgement({ type, consumerId, destination, transactionId: null, first: null, last, count }))
      .catch((error: Error) => this.#context.report(error))
  }

  #note(name: string, operationType: number): void {
    if (operationType === destinationOperations.add) this.#deleted.delete(name)
    else this.#deleted.add(name)
    if (this.#deleted.size > maxDeletedDestinations) this.#deleted.delete(this.#deleted.keys().next().value!)
  }
}
