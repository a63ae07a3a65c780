// What was written to a broker: what of it the next broker has to be told again, what needs no telling while there is no
// broker, and what can only be answered with a failure. It writes nothing by itself.
import type { Command, TransactionInfo } from '../../wire/openwire/commands.ts'
import {
  buildConnectionError,
  buildEmptyDispatch,
  buildExceptionResponse,
  buildFaultTolerantControl,
  buildResponse,
} from '../../openwire/build-commands.ts'
import { consumerIdText, transactionIdText } from '../../openwire/id-text.ts'
import { transactionTypes } from '../../openwire/transaction-types.ts'
import { buildThrowable } from '../../wire/openwire/throwable.ts'
import { isResponse } from './channel.ts'
import { StateTracker } from './state-tracker.ts'
import { isTooLarge } from './transport-error.ts'
import type { FailoverOptions } from './transport-options.ts'

/** Takes a command: to the broker, or to the client in the broker's place. */
type Sink = (command: Command) => void

export class SentCommands {
  readonly #tracker: StateTracker
  /** Commands without an answer that the tracker does not bring back, by command id. */
  readonly #requests = new Map<number, Command>()
  /** What ends a transaction once it is answered, by command id. */
  readonly #endings = new Map<number, TransactionInfo>()
  #connectionCommandId: number | null = null

  constructor(options: FailoverOptions) {
    this.#tracker = new StateTracker(options)
  }

  /** The command has been written. Before that it may turn out that it cannot be, and must not be brought back for ever. */
  written(command: Command): void {
    if (command.kind === 'ConnectionInfo') this.#connectionCommandId = command.commandId
    const tracked = this.#tracker.track(command)
    if (!('responseRequired' in command) || !command.responseRequired) return
    if (command.kind === 'TransactionInfo' && command.type !== transactionTypes.begin)
      this.#endings.set(command.commandId, command)
    if (!tracked) this.#requests.set(command.commandId, command)
  }

  /** The broker has sent this. */
  received(command: Command): void {
    if (isResponse(command)) this.#answered(command.correlationId)
    else if (command.kind === 'MessageDispatch' && command.consumerId)
      this.#tracker.dispatched(consumerIdText(command.consumerId))
    else if (command.kind === 'ConsumerControl' && command.consumerId && !command.close)
      this.#tracker.prefetchChanged(consumerIdText(command.consumerId), command.prefetch)
  }

  /** True for the answer to the introduction of the client. */
  answersIntroduction(correlationId: number): boolean {
    return correlationId === this.#connectionCommandId
  }

  /**
   * While there is no connection: true when the broker needs not be told, because the state that the command is about was
   * lost with the connection. `tell` gets the answer, if it needs one.
   */
  settles(command: Command, tell: Sink): boolean {
    if (command.kind === 'ShutdownInfo') return true
    if (command.kind === 'MessageAck' || command.kind === 'RemoveInfo') {
      this.#tracker.track(command)
      if (command.responseRequired) tell(buildResponse(command.commandId))
      return true
    }
    if (command.kind !== 'MessagePull') return false
    if (command.timeout === 0) this.#tracker.track(command)
    else tell(buildEmptyDispatch(command.consumerId))
    return true
  }

  /** Writes what another broker has to know. `tell` gets the answers to what that one cannot bring to an end. */
  restore(write: Sink, tell: Sink): void {
    const { commands, prefetches, inDoubt } = this.#tracker.restore()
    for (const { commandId, transactionId } of inDoubt) {
      this.#endings.delete(commandId)
      tell(buildRolledBack(commandId, transactionId ? transactionIdText(transactionId) : ''))
    }
    write(buildFaultTolerantControl())
    const refused = new Set<string>()
    for (const command of commands) this.#writeAgain(command, refused, write, tell)
    for (const command of this.#requests.values()) this.#writeAgain(command, refused, write, tell)
    for (const command of prefetches) write(command)
  }

  /**
   * Another broker may take smaller frames only. What is too large for it is refused here, or no connection would ever come
   * about; a transaction that it belongs to is rolled back, because it would lack a part. `refused`: such transactions.
   */
  #writeAgain(command: Command, refused: Set<string>, write: Sink, tell: Sink): void {
    const id = 'transactionId' in command && command.transactionId ? command.transactionId : null
    const transaction = id && transactionIdText(id)
    if (transaction !== null && refused.has(transaction)) return this.#answerRefused(command, transaction, tell)
    try {
      write(command)
    } catch (error) {
      if (!isTooLarge(error)) throw error
      const cause = buildThrowable('javax.jms.JMSException', error.message)
      const { commandId, responseRequired } = command as { commandId: number; responseRequired?: boolean }
      this.#requests.delete(commandId)
      tell(responseRequired ? buildExceptionResponse(commandId, cause) : buildConnectionError(cause))
      if (id === null || transaction === null) return
      refused.add(transaction)
      const rollback = this.#tracker.rollback(id)
      if (rollback) write(rollback)
    }
  }

  #answerRefused(command: Command, transaction: string, tell: Sink): void {
    if (!('responseRequired' in command) || !command.responseRequired) return
    this.#endings.delete(command.commandId)
    const rollsBack = command.kind === 'TransactionInfo' && command.type === transactionTypes.rollback
    tell(rollsBack ? buildResponse(command.commandId) : buildRolledBack(command.commandId, transaction))
  }

  #answered(correlationId: number): void {
    this.#requests.delete(correlationId)
    const ending = this.#endings.get(correlationId)
    this.#endings.delete(correlationId)
    if (ending?.transactionId) this.#tracker.transactionEnded(ending.transactionId)
  }
}

const buildRolledBack = (correlationId: number, transaction: string): Command =>
  buildExceptionResponse(
    correlationId,
    buildThrowable(
      'javax.jms.TransactionRolledBackException',
      `Transaction completion in doubt due to failover. Forcing rollback of ${transaction}`,
    ),
  )
