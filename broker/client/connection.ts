// A JMS connection over a transport: gives commands their numbers, brings answers to whoever waits for them and messages
// to their consumers, and tells about lost and found connections.
import { EventEmitter } from 'node:events'
import type { Clock, Timer } from '../base/clock.ts'
import { isError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Destination } from '../message/destination.ts'
import type { Command, DataStructure, RemoveInfo, Throwable } from '../wire/openwire/commands.ts'
import { check } from './given.ts'
import { JmsError, jmsErrorOf, type JmsErrorClass } from './jms-error.ts'
import { anAcknowledgeMode, type AcknowledgeMode } from './acknowledgements.ts'
import { AdvisoryWatcher } from './advisory-watcher.ts'
import {
  buildConnectionInfo,
  buildRemoveConnection,
  buildRemoveInfo,
  buildSessionInfo,
  buildShutdownInfo,
} from '../openwire/build-commands.ts'
import type { Transport, TransportListener } from './transport/channel.ts'
import { isResponse } from './transport/channel.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { ConnectionContext } from './connection-context.ts'
import { consumerIdText } from '../openwire/id-text.ts'
import { DeliveryHistory } from './delivery-history.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import type { RedeliveryPolicy } from './redelivery-policy.ts'
import { redeliveryPolicyOf } from './redelivery-policy.ts'
import type { SessionOwner } from './session.ts'
import { Session } from './session.ts'

export interface ConnectionEvents {
  /** What nobody waits for: asynchronous errors of the broker, failed listeners, the end of the connection. */
  exception: [error: Error]
  /** The connection to this URI is lost; another is being looked for. */
  transportInterrupted: [uri: string, error: Error]
  /** There is a connection again, to this URI. */
  transportResumed: [uri: string]
}

interface ConnectionSettings {
  readonly connectionId: string
  readonly clientId: string
  readonly userName: string | null
  readonly password: string | null
  readonly options: ConnectionOptions
  readonly clock: Clock
  readonly random: Random
}

/** The options that say how long an answer is waited for. */
type RequestTimeout = 'sendTimeout' | 'connectResponseTimeout'

interface PendingRequest {
  readonly resolve: (answer: DataStructure) => void
  readonly reject: (error: Error) => void
  readonly timer: Timer | null
}

export class Connection
  extends EventEmitter<ConnectionEvents>
  implements ConnectionContext, SessionOwner, TransportListener
{
  readonly connectionId: string
  readonly clientId: string
  readonly options: ConnectionOptions
  readonly redeliveryPolicy: RedeliveryPolicy
  readonly clock: Clock
  readonly random: Random
  readonly history: DeliveryHistory | null
  readonly #settings: ConnectionSettings
  readonly #transport: Transport
  readonly #advisories: AdvisoryWatcher | null
  readonly #requests = new Map<number, PendingRequest>()
  readonly #sessions = new Set<Session>()
  readonly #consumers = new Map<string, DispatchTarget>()
  #started = false
  #epoch = 0
  #nextCommandId = 1
  #nextSession = 1
  #nextTransaction = 1
  #nextTemporary = 1
  #failure: Error | null = null
  #ending: Promise<void> | null = null

  constructor(settings: ConnectionSettings, transport: Transport) {
    super()
    this.#settings = settings
    this.#transport = transport
    this.connectionId = settings.connectionId
    this.clientId = settings.clientId
    this.options = settings.options
    this.redeliveryPolicy = redeliveryPolicyOf(settings.options)
    this.clock = settings.clock
    this.random = settings.random
    this.history = transport.faultTolerant ? new DeliveryHistory(settings.options.checkForDuplicates) : null
    this.#advisories = settings.options.watchTopicAdvisories ? new AdvisoryWatcher(this) : null
  }

  get started(): boolean {
    return this.#started
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Connects and introduces the client. Rejects with what the broker or the network says. */
  async open(): Promise<void> {
    await inJmsWords(this.#transport.connect(this))
    const { connectionId, clientId, userName, password } = this.#settings
    const { faultTolerant } = this.#transport
    try {
      await this.request(buildConnectionInfo({ connectionId, clientId, userName, password, faultTolerant }))
      if (this.#advisories) await this.request(this.#advisories.info)
    } catch (error) {
      this.#failure ??= isError(error) ? error : new Error(String(error))
      this.#transport.close()
      throw error
    }
  }

  /** Messages are delivered from now on. */
  start(): void {
    this.#started = true
    for (const session of this.#sessions) session.pump()
  }

  /** Messages are kept until `start`. Resolves when running listeners have ended; called by one of them, at once. */
  async stop(): Promise<void> {
    this.#started = false
    if (!this.#isInsideListener) await this.#listenersEnded()
  }

  async createSession(mode: AcknowledgeMode = 'auto'): Promise<Session> {
    check('create a session', 'acknowledge mode', mode, anAcknowledgeMode)
    const value = this.#nextSession++
    const session = new Session(value, mode, this, this)
    await inJmsWords(this.post(buildSessionInfo(this.connectionId, value)))
    this.#sessions.add(session)
    return session
  }

  /**
   * Closes sessions, producers and consumers, too, when running listeners have ended; called by one of them it returns at once,
   * and the rest follows. Never rejects: what cannot be told the broker, it notices itself.
   */
  close(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#isInsideListener ? Promise.resolve() : this.#ending
  }

  async #end(): Promise<void> {
    this.#started = false
    const ended = this.#listenersEnded()
    if (ended) await ended
    if (this.#failure) return
    let lastDelivered: number | bigint = -1
    const unfinished: RemoveInfo[] = []
    for (const session of this.#sessions) {
      if (session.lastDelivered > lastDelivered) lastDelivered = session.lastDelivered
      for (const { info, lastDelivered: seen } of session.unfinished)
        unfinished.push(buildRemoveInfo(info.consumerId, seen))
      session.dispose()
    }
    this.#sessions.clear()
    try {
      await this.#within(this.#sayGoodbye(unfinished, lastDelivered), this.options.closeTimeout)
    } catch (error) {
      if (!isError(error)) throw error
    }
    this.#fail(new JmsError('javax.jms.IllegalStateException', 'The connection is closed'))
    this.#transport.close()
  }

  /**
   * Takes for ever when the broker does not read: it holds back who sends too much. What a consumer has seen is known by one
   * number, which for the connection is the largest: those that hold what is older say theirs before.
   */
  async #sayGoodbye(unfinished: readonly RemoveInfo[], lastDelivered: number | bigint): Promise<void> {
    for (const info of unfinished) if (info.lastDeliveredSequenceId < lastDelivered) await this.post(info)
    if (this.#advisories) await this.post(buildRemoveInfo(this.#advisories.info.consumerId))
    await this.request(buildRemoveConnection(this.connectionId, lastDelivered))
    await this.post(buildShutdownInfo())
  }

  request(command: Command): Promise<DataStructure> {
    if (this.#failure) return Promise.reject(this.#failure)
    const commandId = this.#nextCommandId++
    return new Promise((resolve, reject) => {
      const limit = this.#timeoutOf(command)
      const timeoutMs = limit === null ? 0 : this.options[limit]
      const timer = timeoutMs > 0 ? this.clock.after(timeoutMs, () => this.#expire(commandId, limit!)) : null
      this.#requests.set(commandId, { resolve, reject, timer })
      this.#transport.send({ ...command, commandId, responseRequired: true } as Command).catch((error: Error) => {
        this.#requests.delete(commandId)
        timer?.cancel()
        reject(jmsErrorOf(error))
      })
    })
  }

  post(command: Command): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    return this.#transport.send({ ...command, commandId: this.#nextCommandId++ } as Command)
  }

  report(error: Error): void {
    this.emit('exception', error)
  }

  nextTransactionNumber(): number {
    return this.#nextTransaction++
  }

  nextTemporaryNumber(): number {
    return this.#nextTemporary++
  }

  isDeletedTemporary(destination: Destination): boolean {
    return this.#advisories?.isDeleted(destination.name) ?? false
  }

  addConsumer(consumer: DispatchTarget): void {
    this.#consumers.set(consumerIdText(consumer.info.consumerId!), consumer)
  }

  removeConsumer(consumer: DispatchTarget): void {
    this.#consumers.delete(consumerIdText(consumer.info.consumerId!))
  }

  removeSession(session: Session): void {
    this.#sessions.delete(session)
  }

  /** From the transport. */
  command(command: Command): void {
    if (isResponse(command)) {
      const request = this.#settle(command.correlationId)
      if (command.kind === 'ExceptionResponse') request?.reject(errorOf(command.exception))
      else request?.resolve(command)
    } else if (command.kind === 'MessageDispatch') {
      const id = command.consumerId === null ? '' : consumerIdText(command.consumerId)
      if (this.#advisories && id === consumerIdText(this.#advisories.info.consumerId!))
        this.#advisories.dispatch(command)
      else this.#consumers.get(id)?.dispatch(command)
    } else if (command.kind === 'ConsumerControl' && command.consumerId) {
      this.#consumers.get(consumerIdText(command.consumerId))?.control(command)
    } else if (command.kind === 'ConnectionError') this.report(errorOf(command.exception))
  }

  interrupted(uri: string, error: Error): void {
    for (const consumer of this.#consumers.values()) consumer.interrupted()
    this.#advisories?.interrupted()
    this.#epoch++
    this.emit('transportInterrupted', uri, error)
  }

  resumed(uri: string): void {
    this.emit('transportResumed', uri)
  }

  failed(error: Error): void {
    if (this.#failure) return
    const failure = jmsErrorOf(error)
    this.#fail(failure)
    for (const session of this.#sessions) session.dispose()
    this.#sessions.clear()
    this.report(failure)
  }

  get #isInsideListener(): boolean {
    return [...this.#sessions].some((session) => session.isInsideListener)
  }

  /** Null when none is running. */
  #listenersEnded(): Promise<unknown> | null {
    const running = [...this.#sessions].flatMap((session) => session.listenersEnded() ?? [])
    return running.length === 0 ? null : Promise.all(running)
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#started = false
    for (const { reject, timer } of this.#requests.values()) {
      timer?.cancel()
      reject(error)
    }
    this.#requests.clear()
  }

  #settle(correlationId: number): PendingRequest | undefined {
    const request = this.#requests.get(correlationId)
    this.#requests.delete(correlationId)
    request?.timer?.cancel()
    return request
  }

  #timeoutOf(command: Command): RequestTimeout | null {
    if ('messageId' in command) return 'sendTimeout'
    return command.kind === 'ConnectionInfo' ? 'connectResponseTimeout' : null
  }

  #expire(commandId: number, limit: RequestTimeout): void {
    const error = new JmsError('javax.jms.JMSException', `No answer came within ${limit} ${this.options[limit]} ms`)
    this.#settle(commandId)?.reject(error)
  }

  #within(work: Promise<unknown>, timeoutMs: number): Promise<unknown> {
    if (timeoutMs === 0) return work
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(timeoutMs, () => resolve(undefined))
      work.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}

function inJmsWords(work: Promise<void>): Promise<void> {
  return work.catch((error: Error) => {
    throw jmsErrorOf(error)
  })
}

/** The broker's exception; 6.x brokers write jakarta.jms for what is javax.jms everywhere else. */
function errorOf(exception: Throwable | null): JmsError {
  const className = (exception?.className ?? 'javax.jms.JMSException').replace(/^jakarta\.jms\./, 'javax.jms.')
  return new JmsError(className as JmsErrorClass, exception?.message ?? className)
}
