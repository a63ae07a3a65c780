// The failover transport: looks for a broker, and hides lost connections from everybody above. Which broker is tried when is in
// broker-list.ts and reconnect-plan.ts, what the next one has to be told in sent-commands.ts and state-tracker.ts; here sockets
// are opened, used and given up.
//
// A command is written at once while there is a connection. While there is none, it waits in order; acknowledgements and
// removals are dropped, because the next broker will know nothing of what they are about.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, isError } from '../../base/errors.ts'
import type { Command, ConnectionControl, Throwable } from '../../wire/openwire/commands.ts'
import { BrokerList, type BrokerListPorts } from './broker-list.ts'
import type { Channel, Dial, Transport, TransportListener } from './channel.ts'
import { priorityCheckPeriodMs } from './limits.ts'
import type { BrokerUrl, Endpoint } from './parse-broker-url.ts'
import { isAttemptLimitReached, reconnectDelayMs } from './reconnect-plan.ts'
import { SentCommands } from './sent-commands.ts'
import { TransportError } from './transport-error.ts'
import type { FailoverOptions } from './transport-options.ts'

interface FailoverPorts extends BrokerListPorts {
  readonly clock: Clock
  readonly dial: Dial
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
  readonly #options: FailoverOptions
  readonly #ports: FailoverPorts
  readonly #brokers: BrokerList
  readonly #sent: SentCommands
  #listener: TransportListener | null = null
  #firstConnection: { resolve: () => void; reject: (error: Error) => void } | null = null
  #current: Link | null = null
  #trying: { link: Link; settle: (error: Error | null) => void } | null = null
  readonly #spares = new Set<Link>()
  #searching = false
  #everConnected = false
  #closed = false
  #failedRounds = 0
  #wake: (() => void) | null = null
  #maintenance: Timer | null = null
  #waiting: Waiting[] = []

  constructor(url: BrokerUrl, options: FailoverOptions, ports: FailoverPorts) {
    this.#options = options
    this.#ports = ports
    this.#brokers = new BrokerList(url, options, ports)
    this.#sent = new SentCommands(options)
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
    if (this.#sent.settles(command, this.#tell)) return Promise.resolve()
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
    this.#sent.written(command)
  }

  /** To the client, in the broker's place, but never during a call of the client. */
  readonly #tell = (command: Command): void => {
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
    for (const endpoint of await this.#brokers.nextRound()) {
      if (this.#closed) break
      error = await this.#try(endpoint)
      if (error === null) break
      this.#ports.logger.debug('Broker cannot be reached', { uri: endpoint.uri, cause: error.message })
    }
    return error
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
        if (link === this.#current) this.#handle(link, command)
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
    } else if (this.#current && this.#hasPriority(link) && !this.#hasPriority(this.#current)) {
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
      this.#brokers.lost(link.channel.endpoint.uri)
      this.#drop(error)
      void this.#search()
    }
  }

  /** Makes `link` the connection: tells the broker what it has to know, then what has waited. */
  #adopt(link: Link): Error | null {
    const { uri } = link.channel.endpoint
    this.#current = link
    try {
      if (this.#everConnected) this.#sent.restore((command) => link.channel.send(command), this.#tell)
    } catch (error) {
      this.#current = null
      link.channel.close()
      return isError(error) ? error : new TransportError(errorMessage(error))
    }
    if (this.#current !== link) return new TransportError(`Connection to ${uri} is lost: not everything could be told`)
    this.#failedRounds = 0
    this.#brokers.found()
    const first = !this.#everConnected
    this.#everConnected = true
    if (first) this.#firstConnection?.resolve()
    else this.#listener?.resumed(uri)
    this.#flush()
    this.#maintain()
    return null
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

  #handle(link: Link, command: Command): void {
    this.#sent.received(command)
    if (command.kind === 'ConnectionControl') this.#control(link, command)
    this.#listener?.command(command)
    if (command.kind === 'ExceptionResponse' && this.#sent.answersIntroduction(command.correlationId))
      this.#refused(command.exception)
  }

  /** Wrong credentials do not become right by trying again. Other refusals may: an old connection of ours dies soon. */
  #refused(exception: Throwable | null): void {
    if (exception?.className !== 'java.lang.SecurityException') return
    this.#end(new TransportError(exception.message ?? 'The broker refused the user', { code: 'USER_REFUSED' }))
  }

  #control(link: Link, command: ConnectionControl): void {
    const target = this.#brokers.told(command, link.channel.endpoint.uri)
    if (target === null) return
    this.#drop(new TransportError(`The broker asked to reconnect to ${target}`))
    void this.#search()
  }

  /** Keeps spare connections open, and looks for the broker that has priority. */
  #maintain(): void {
    const { backup, backupPoolSize, priorityBackup } = this.#options
    if (this.#closed || (!backup && !priorityBackup)) return
    this.#maintenance?.cancel()
    this.#maintenance = this.#ports.clock.after(priorityCheckPeriodMs, () => this.#maintain())
    if (!this.#current) return
    const currentIsPriority = this.#hasPriority(this.#current)
    const used = new Set([this.#current, ...this.#spares].map(({ channel }) => channel.endpoint.uri))
    for (const endpoint of this.#brokers.all()) {
      if (used.has(endpoint.uri)) continue
      const wanted = priorityBackup && !currentIsPriority && this.#brokers.isPriority(endpoint)
      if (wanted || (backup && this.#spares.size < backupPoolSize)) this.#spares.add(this.#open(endpoint))
    }
  }

  #hasPriority(link: Link): boolean {
    return this.#brokers.isPriority(link.channel.endpoint)
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
