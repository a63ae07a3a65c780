// What a failover client has told the broker, so that it can tell the next one, as ActiveMQ's ConnectionStateTracker.
// Pure: commands go in as they are written, and come out in the order in which they are to be written again.
import type {
  Command,
  ConnectionInfo,
  ConsumerControl,
  ConsumerId,
  ConsumerInfo,
  DataStructure,
  DestinationInfo,
  MessageCommand,
  MessagePull,
  ProducerId,
  ProducerInfo,
  SessionInfo,
  TransactionId,
  TransactionInfo,
} from '../../wire/openwire/commands.ts'
import type { FailoverOptions } from './transport-options.ts'
import { buildPrefetch, buildRemoveInfo, buildSessionInfo } from '../../openwire/build-commands.ts'
import { destinationOperations } from '../../openwire/destination-operations.ts'
import { consumerIdText, producerIdText, sessionIdText, transactionIdText } from '../../openwire/id-text.ts'
import { transactionTypes } from '../../openwire/transaction-types.ts'

interface TrackedSession {
  readonly info: SessionInfo
  readonly producers: Map<string, ProducerInfo>
  readonly consumers: Map<string, ConsumerInfo>
}

interface TrackedTransaction {
  /** BEGIN, the sends, possibly PREPARE, and the command that ends it. */
  readonly commands: Command[]
  /** Producers that were closed while the transaction was open. */
  readonly closedProducers: ProducerInfo[]
}

interface Restoration {
  /** To be written in this order, without waiting for answers. */
  readonly commands: readonly Command[]
  /** To be written after the requests that have no answer yet: the prefetch of each consumer. */
  readonly prefetches: readonly ConsumerControl[]
  /** Commits on their way when the connection was lost: nobody knows their outcome, so they count as rolled back. */
  readonly inDoubt: readonly TransactionInfo[]
}

export class StateTracker {
  readonly #options: FailoverOptions
  #connection: ConnectionInfo | null = null
  readonly #temporaryDestinations = new Map<string, DestinationInfo>()
  readonly #sessions = new Map<string, TrackedSession>()
  readonly #transactions = new Map<string, TrackedTransaction>()
  /** Non-transacted messages, oldest first (trackMessages). */
  readonly #messages: MessageCommand[] = []
  #messageBytes = 0
  readonly #pulls = new Map<string, MessagePull>()

  constructor(options: FailoverOptions) {
    this.#options = options
  }

  /** Notes `command`. True when `restore` will bring it back, so that nobody else has to keep it for an answer. */
  track(command: Command): boolean {
    if (command.kind === 'ConnectionInfo') {
      this.#connection = command
      const connectionId = command.connectionId?.value ?? ''
      // Session -1 exists without a SessionInfo on the first connection, but not on later ones.
      this.#session(`${connectionId}:-1`, () => buildSessionInfo(connectionId, -1))
    } else if (command.kind === 'SessionInfo') this.#session(sessionIdText(command.sessionId!), () => command)
    else if (command.kind === 'ProducerInfo')
      this.#sessionOf(command.producerId!)?.producers.set(producerIdText(command.producerId!), command)
    else if (command.kind === 'ConsumerInfo')
      this.#sessionOf(command.consumerId!)?.consumers.set(consumerIdText(command.consumerId!), command)
    else if (command.kind === 'MessagePull') this.#pulls.set(consumerIdText(command.consumerId!), command)
    else if (command.kind === 'DestinationInfo') return this.#trackDestination(command)
    else if (command.kind === 'TransactionInfo') return this.#trackTransaction(command)
    else if ('brokerInTime' in command) return this.#trackMessage(command)
    else {
      if (command.kind === 'RemoveInfo') this.#remove(command.objectId)
      return false
    }
    return true
  }

  /** The answer to a command that ended a transaction has come. */
  transactionEnded(id: TransactionId): void {
    this.#transactions.delete(transactionIdText(id))
  }

  /** Gives up an open transaction: the command that tells the broker so, if it was begun. */
  rollback(id: TransactionId): TransactionInfo | null {
    const begin = this.#transactions.get(transactionIdText(id))?.commands[0]
    this.transactionEnded(id)
    return begin?.kind === 'TransactionInfo' ? { ...begin, type: transactionTypes.rollback } : null
  }

  /** Something was dispatched to the consumer: its pull is answered. */
  dispatched(consumerId: string): void {
    this.#pulls.delete(consumerId)
  }

  /** The broker changed the prefetch of a consumer. */
  prefetchChanged(consumerId: string, prefetchSize: number): void {
    for (const { consumers } of this.#sessions.values()) {
      const info = consumers.get(consumerId)
      if (info) consumers.set(consumerId, { ...info, prefetchSize })
    }
  }

  restore(): Restoration {
    const commands: Command[] = []
    if (this.#connection) commands.push({ ...this.#connection, failoverReconnect: true })
    commands.push(...this.#temporaryDestinations.values())
    const prefetches: ConsumerControl[] = []
    for (const { info, producers, consumers } of this.#sessions.values()) {
      commands.push(info, ...producers.values())
      for (const consumer of consumers.values()) {
        // Nothing may be dispatched before the client has forgotten what the old broker dispatched.
        commands.push({ ...consumer, prefetchSize: 0 })
        if (consumer.prefetchSize > 0) prefetches.push(buildPrefetch(consumer, consumer.prefetchSize))
      }
    }
    const inDoubt = this.#restoreTransactions(commands)
    commands.push(...this.#messages, ...this.#pulls.values())
    return { commands, prefetches, inDoubt }
  }

  #restoreTransactions(commands: Command[]): TransactionInfo[] {
    const inDoubt: TransactionInfo[] = []
    for (const [id, state] of this.#transactions) {
      const last = state.commands.at(-1)
      if (last?.kind === 'TransactionInfo' && last.type === transactionTypes.commitOnePhase) {
        inDoubt.push(last)
        this.#transactions.delete(id)
        continue
      }
      const producers = state.closedProducers
      commands.push(...producers.map((info) => ({ ...info, responseRequired: false })), ...state.commands)
      for (const info of producers) commands.push(buildRemoveInfo(info.producerId))
    }
    return inDoubt
  }

  #trackTransaction(command: TransactionInfo): boolean {
    if (command.transactionId === null) return false
    const id = transactionIdText(command.transactionId)
    if (command.type === transactionTypes.begin) {
      this.#transactions.set(id, { commands: [command], closedProducers: [] })
      return true
    }
    const state = this.#transactions.get(id)
    state?.commands.push(command)
    return state !== undefined
  }

  #trackMessage(message: MessageCommand): boolean {
    if (message.transactionId !== null) {
      const state = this.#transactions.get(transactionIdText(message.transactionId))
      state?.commands.push(message)
      return state !== undefined
    }
    if (!this.#options.trackMessages || message.responseRequired) return false
    this.#messages.push(message)
    this.#messageBytes += bodyBytes(message)
    while (this.#messageBytes > this.#options.maxCacheSize && this.#messages.length > 0)
      this.#messageBytes -= bodyBytes(this.#messages.shift()!)
    return true
  }

  #trackDestination(command: DestinationInfo): boolean {
    const { destination, operationType } = command
    if (destination?.kind !== 'ActiveMQTempQueue' && destination?.kind !== 'ActiveMQTempTopic') return false
    const name = destination.physicalName ?? ''
    const adds = operationType === destinationOperations.add
    if (adds) this.#temporaryDestinations.set(name, command)
    else this.#temporaryDestinations.delete(name)
    return adds
  }

  #remove(id: DataStructure | null): void {
    if (id?.kind === 'ConsumerId') {
      this.#pulls.delete(consumerIdText(id))
      this.#sessionOf(id)?.consumers.delete(consumerIdText(id))
    } else if (id?.kind === 'ProducerId') {
      const producers = this.#sessionOf(id)?.producers
      this.#keepForTransactions(producers?.get(producerIdText(id)))
      producers?.delete(producerIdText(id))
    } else if (id?.kind === 'SessionId') {
      for (const info of this.#sessions.get(sessionIdText(id))?.producers.values() ?? [])
        this.#keepForTransactions(info)
      this.#sessions.delete(sessionIdText(id))
    } else if (id?.kind === 'ConnectionId') {
      this.#connection = null
      for (const state of [this.#sessions, this.#temporaryDestinations, this.#transactions, this.#pulls]) state.clear()
    }
  }

  /** A closed producer is needed again when the sends that it made in an open transaction are. */
  #keepForTransactions(info: ProducerInfo | undefined): void {
    if (!info || !this.#options.trackTransactionProducers) return
    const id = producerIdText(info.producerId!)
    for (const { commands, closedProducers } of this.#transactions.values())
      if (
        commands.some(
          (command) => 'producerId' in command && command.producerId && producerIdText(command.producerId) === id,
        )
      )
        closedProducers.push(info)
  }

  #session(id: string, build: () => SessionInfo): void {
    if (!this.#sessions.has(id)) this.#sessions.set(id, { info: build(), producers: new Map(), consumers: new Map() })
  }

  #sessionOf(id: ConsumerId | ProducerId): TrackedSession | undefined {
    return this.#sessions.get(`${id.connectionId}:${id.sessionId}`)
  }
}

const bodyBytes = (message: MessageCommand): number => 1024 + (message.content?.length ?? 0)
