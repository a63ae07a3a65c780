// The failover transport: looks for a broker, keeps what has to be said again, and hides lost connections from everybody
// above. The rules are in reconnect-plan.ts and
// state-tracker.ts; here they are carried out.
//
// A command is written at once while there is a connection. While there is none, it waits in order; acknowledgements and
// removals are dropped, because the next broker will know nothing of what they are about.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, FlotillaError, isError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { Command, ConnectionControl, Throwable, TransactionInfo } from '../../wire/openwire/commands.ts'
import { buildThrowable } from '../../wire/openwire/throwable.ts'
import {
  buildEmptyDispatch,
  buildExceptionResponse,
  buildFaultTolerantControl,
  buildResponse,
} from '../../openwire/build-commands.ts'
import type { AnyResponse, Channel, Dial, LoadUriList, Transport, TransportListener } from './channel.ts'
import { isResponse } from './channel.ts'
import type { FailoverOptions } from './transport-options.ts'
import { consumerIdText, transactionIdText } from '../../openwire/id-text.ts'
import { priorityCheckPeriodMs } from './limits.ts'
import type { BrokerUrl, Endpoint } from './parse-broker-url.ts'
import { parseEndpoint } from './parse-broker-url.ts'
import { isAttemptLimitReached, planCandidates, reconnectDelayMs } from './reconnect-plan.ts'
import { StateTracker } from './state-tracker.ts'
import { TransportError } from './transport-error.ts'

export interface FailoverPorts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly dial: Dial
  readonly loadUriList: LoadUriList
}

/** One socket and what it is used for at the moment: tried, spare, or current. */
interface Link {
  readonly channel: Channel
  ready: boolean
}

interface Waiting {
  readonly command: Command
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly timer: Timer | null
}

export class FailoverTransport implements Transport {
  readonly faultTolerant = true
  readonly #url: BrokerUrl
  readonly #options: FailoverOptions
  readonly #ports: FailoverPorts
  readonly #tracker: StateTracker
  readonly #priorityUris: readonly string[]
  #listener: TransportListener | null = null
  #firstConnection: { resolve: () => void; reject: (error: Error) => void } | null = null
  #updated: Endpoint[] = []
  /** For one round only: what a broker told us to prefer. */
  #preferred: Endpoint[] | null = null
  #current: Link | null = null
  #trying: { link: Link; settle: (error: Error | null) => void } | null = null
  readonly #spares = new Set<Link>()
  #searching = false
  #everConnected = false
  #closed = false
  #failedRounds = 0
  #failedUri: string | null = null
  #connectionCommandId: number | null = null
  #wake: (() => void) | null = null
  #maintenance: Timer | null = null
  #waiting: Waiting[] = []
  /** Commands without an answer that the tracker does not bring back, by command id. */
  readonly #requests = new Map<number, Command>()
  /** What ends a transaction once it is answered, by command id. */
  readonly #endings = new Map<number, TransactionInfo>()

  constructor(url: BrokerUrl, options: FailoverOptions, ports: FailoverPorts) {
    this.#url = url
    this.#options = options
    this.#ports = ports
    this.#tracker = new StateTracker(options)
    const named = options.priorityURIs?.split(',').map((uri) => parseEndpoint(uri).uri)
    this.#priorityUris = options.priorityBackup ? (named ?? url.endpoints.slice(0, 1).map(({ uri }) => uri)) : []
  }

  connect(listener: TransportListener): Promise<void> {
    this.#listener = listener
    return new Promise((resolve, reject) => {
      this.#firstConnection = { resolve, reject }
      void this.#search()
    })
  }

  send(command: Command): Promise<void> {
    if (this.#closed) return Promise.reject(new TransportError(`Cannot send ${command.kind}: the transport is closed`))
    const link = this.#current
    if (link) {
      try {
        this.#write(link, command)
      } catch (error) {
        return Promise.reject(isError(error) ? error : new TransportError(errorMessage(error)))
      }
      return link.channel.drained() ?? Promise.resolve()
    }
    if (this.#answerLocally(command)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const { timeout } = this.#options
      const timer = timeout > 0 ? this.#ports.clock.after(timeout, () => this.#expire(waiting)) : null
      const waiting: Waiting = { command, resolve, reject, timer }
      this.#waiting.push(waiting)
    })
  }

  close(): void {
    this.#end(new TransportError('The transport is closed'))
  }

  /** Writes first: what cannot be encoded must not be brought back for ever. */
  #write(link: Link, command: Command): void {
    link.channel.send(command)
    if (command.kind === 'ConnectionInfo') this.#connectionCommandId = command.commandId
    const tracked = this.#tracker.track(command)
    if (!('responseRequired' in command) || !command.responseRequired) return
    if (command.kind === 'TransactionInfo' && command.type !== 0) this.#endings.set(command.commandId, command)
    if (!tracked) this.#requests.set(command.commandId, command)
  }

  /** True when nobody needs to be told: the state that the command is about is lost with the connection. */
  #answerLocally(command: Command): boolean {
    if (command.kind === 'ShutdownInfo') return true
    if (command.kind === 'MessageAck' || command.kind === 'RemoveInfo') {
      this.#tracker.track(command)
      if (command.responseRequired) this.#deliverLater(buildResponse(command.commandId))
      return true
    }
    if (command.kind !== 'MessagePull') return false
    if (command.timeout === 0) this.#tracker.track(command)
    else this.#deliverLater(buildEmptyDispatch(command.consumerId))
    return true
  }

  #deliverLater(command: Command): void {
    queueMicrotask(() => {
      if (!this.#closed) this.#listener?.command(command)
    })
  }

  async #search(): Promise<void> {
    if (this.#searching) return
    this.#searching = true
    while (!this.#closed && !this.#current) {
      const error = await this.#round()
      if (this.#closed || this.#current) break
      this.#failedRounds++
      const attempts = this.#failedRounds
      if (isAttemptLimitReached(this.#options, attempts, this.#everConnected)) {
        this.#end(error ?? new TransportError('Cannot connect: there is no broker to try'))
        break
      }
      if (attempts % Math.max(1, this.#options.warnAfterReconnectAttempts) === 0)
        this.#ports.logger.warn('No broker could be reached yet', { attempts, cause: error?.message })
      await this.#pause(reconnectDelayMs(this.#options, attempts))
    }
    this.#searching = false
  }

  /** Tries every candidate once. The last error, or null with success. */
  async #round(): Promise<Error | null> {
    const spare = [...this.#spares].find(({ ready }) => ready)
    if (spare) {
      this.#spares.delete(spare)
      return this.#adopt(spare)
    }
    let error: Error | null = null
    for (const endpoint of await this.#candidates()) {
      if (this.#closed) break
      error = await this.#try(endpoint)
      if (error === null) break
      this.#ports.logger.debug('Broker cannot be reached', { uri: endpoint.uri, cause: error.message })
    }
    return error
  }

  async #candidates(): Promise<Endpoint[]> {
    const preferred = this.#preferred
    this.#preferred = null
    if (preferred) return preferred
    const { updateURIsURL } = this.#options
    if (updateURIsURL !== null) {
      try {
        this.#updated = this.#parseList(await this.#ports.loadUriList(updateURIsURL))
      } catch (error) {
        this.#ports.logger.warn('List of brokers cannot be loaded', { updateURIsURL, cause: errorMessage(error) })
      }
    }
    return this.#plan(this.#failedUri)
  }

  #plan(failedUri: string | null): Endpoint[] {
    const { endpoints: configured } = this.#url
    const { randomize } = this.#options
    const sources = { updated: this.#updated, configured, failedUri, randomize, priorityUris: this.#priorityUris }
    return planCandidates(sources, this.#ports.random)
  }

  #try(endpoint: Endpoint): Promise<Error | null> {
    return new Promise((settle) => {
      this.#trying = { link: this.#open(endpoint), settle }
    })
  }

  #open(endpoint: Endpoint): Link {
    const channel = this.#ports.dial(endpoint, {
      connected: () => this.#connected(link),
      command: (command) => {
        if (link === this.#current) this.#handle(command)
      },
      failed: (error) => this.#failed(link, error),
    })
    const link: Link = { channel, ready: false }
    return link
  }

  #connected(link: Link): void {
    link.ready = true
    if (this.#trying?.link === link) {
      const { settle } = this.#trying
      this.#trying = null
      settle(this.#adopt(link))
    } else if (this.#current && this.#isPriority(link) && !this.#isPriority(this.#current)) {
      this.#spares.delete(link)
      this.#drop(new TransportError(`Broker ${link.channel.endpoint.uri} is back, which has priority`))
      if (this.#adopt(link) !== null) void this.#search()
    }
  }

  #failed(link: Link, error: Error): void {
    this.#spares.delete(link)
    if (this.#trying?.link === link) {
      const { settle } = this.#trying
      this.#trying = null
      settle(error)
    } else if (this.#current === link) {
      this.#failedUri = link.channel.endpoint.uri
      this.#drop(error)
      void this.#search()
    }
  }

  /** Makes `link` the connection: tells the broker what it has to know, then what has waited. */
  #adopt(link: Link): Error | null {
    const { uri } = link.channel.endpoint
    this.#current = link
    try {
      if (this.#everConnected) this.#restore(link)
    } catch (error) {
      this.#current = null
      link.channel.close()
      return isError(error) ? error : new TransportError(errorMessage(error))
    }
    this.#failedRounds = 0
    this.#failedUri = null
    const first = !this.#everConnected
    this.#everConnected = true
    if (first) this.#firstConnection?.resolve()
    else this.#listener?.resumed(uri)
    this.#flush()
    this.#maintain()
    return null
  }

  #restore(link: Link): void {
    const { commands, prefetches, inDoubt } = this.#tracker.restore()
    link.channel.send(buildFaultTolerantControl())
    for (const command of commands) link.channel.send(command)
    for (const { commandId, transactionId } of inDoubt) {
      this.#endings.delete(commandId)
      this.#deliverLater(buildRolledBack(commandId, transactionId ? transactionIdText(transactionId) : ''))
    }
    for (const command of this.#requests.values()) link.channel.send(command)
    for (const command of prefetches) link.channel.send(command)
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { command, resolve, reject, timer } of waiting) {
      timer?.cancel()
      this.send(command).then(resolve, reject)
    }
  }

  #expire(waiting: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting)
    waiting.reject(
      new TransportError(`Failover timeout of ${this.#options.timeout} ms reached: no broker was found`, {
        code: 'FAILOVER_TIMEOUT',
      }),
    )
  }

  /** Gives the connection up. */
  #drop(error: Error): void {
    const link = this.#current
    if (!link) return
    this.#current = null
    link.channel.close()
    this.#listener?.interrupted(link.channel.endpoint.uri, error)
  }

  #handle(command: Command): void {
    if (isResponse(command)) this.#answered(command)
    else if (command.kind === 'MessageDispatch' && command.consumerId)
      this.#tracker.dispatched(consumerIdText(command.consumerId))
    else if (command.kind === 'ConsumerControl' && command.consumerId && !command.close)
      this.#tracker.prefetchChanged(consumerIdText(command.consumerId), command.prefetch)
    else if (command.kind === 'ConnectionControl') this.#control(command)
    this.#listener?.command(command)
    if (command.kind === 'ExceptionResponse' && command.correlationId === this.#connectionCommandId)
      this.#refused(command.exception)
  }

  #answered({ correlationId }: AnyResponse): void {
    this.#requests.delete(correlationId)
    const ending = this.#endings.get(correlationId)
    this.#endings.delete(correlationId)
    if (ending?.transactionId) this.#tracker.transactionEnded(ending.transactionId)
  }

  /** Wrong credentials do not become right by trying again. Other refusals may: an old connection of ours dies soon. */
  #refused(exception: Throwable | null): void {
    if (exception?.className !== 'java.lang.SecurityException') return
    this.#end(new TransportError(exception.message ?? 'The broker refused the user', { code: 'USER_REFUSED' }))
  }

  /** A broker tells about its cluster, or wants to be left. */
  #control({ connectedBrokers, reconnectTo, rebalanceConnection }: ConnectionControl): void {
    const { updateURIsSupported, rebalanceUpdateURIs, reconnectSupported } = this.#options
    if (reconnectTo && reconnectSupported) {
      const target = this.#parseList(reconnectTo)[0]
      if (target) this.#move([target, ...this.#plan(null).filter(({ uri }) => uri !== target.uri)])
    }
    if (connectedBrokers && updateURIsSupported) {
      this.#updated = this.#parseList(connectedBrokers)
      if (rebalanceConnection && rebalanceUpdateURIs) this.#move(this.#plan(null))
    }
  }

  /** Connects anew if the first of `candidates` is another broker than this one. */
  #move(candidates: Endpoint[]): void {
    const [first] = candidates
    if (!first || !this.#current || first.uri === this.#current.channel.endpoint.uri) return
    this.#preferred = candidates
    this.#drop(new TransportError(`The broker asked to reconnect to ${first.uri}`))
    void this.#search()
  }

  /** What does not parse is left out: brokers may announce connectors for other protocols. */
  #parseList(list: string): Endpoint[] {
    return list.split(',').flatMap((uri) => {
      if (uri.trim() === '') return []
      try {
        return [parseEndpoint(uri, this.#url.nestedOptions)]
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error
        this.#ports.logger.debug('Broker URI is ignored', { uri, cause: error.message })
        return []
      }
    })
  }

  /** Keeps spare connections open, and looks for the broker that has priority. */
  #maintain(): void {
    const { backup, backupPoolSize, priorityBackup } = this.#options
    if (this.#closed || (!backup && !priorityBackup)) return
    this.#maintenance?.cancel()
    this.#maintenance = this.#ports.clock.after(priorityCheckPeriodMs, () => this.#maintain())
    if (!this.#current) return
    const currentIsPriority = this.#isPriority(this.#current)
    const used = new Set([this.#current, ...this.#spares].map(({ channel }) => channel.endpoint.uri))
    for (const endpoint of this.#plan(null)) {
      if (used.has(endpoint.uri)) continue
      const wanted = priorityBackup && !currentIsPriority && this.#priorityUris.includes(endpoint.uri)
      if (wanted || (backup && this.#spares.size < backupPoolSize)) this.#spares.add(this.#open(endpoint))
    }
  }

  #isPriority(link: Link): boolean {
    return this.#priorityUris.includes(link.channel.endpoint.uri)
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.after(delayMs, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #end(error: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#wake?.()
    this.#maintenance?.cancel()
    for (const link of [this.#current, this.#trying?.link, ...this.#spares]) link?.channel.close()
    this.#trying?.settle(error)
    this.#trying = null
    this.#current = null
    for (const { timer, reject } of this.#waiting) {
      timer?.cancel()
      reject(error)
    }
    this.#waiting = []
    if (this.#everConnected) this.#listener?.failed(error)
    else this.#firstConnection?.reject(error)
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
