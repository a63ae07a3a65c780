// A session with a ZooKeeper ensemble (protocol of ZooKeeper 3.4 to 3.9): one connection at a time to any server of the list, taken up again at
// another one when it breaks. A server says that a session has expired; a process that was stopped learns of it before it believes
// anything else, because whatever it asks is answered by nobody until then. A session that no server has taken for twice its time-out is given up here:
// servers that have lost their data turn away everybody who has seen more than they have, without a word and for ever.
//
//   request    xid:4 type:4 body            answered by xid:4 zxid:8 error:4 body, in order
//   xid -1     a watch has fired            -2 ping   -4 authentication   -8 watches set again
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import type { Clock, Timer } from '../../../base/clock.ts'
import { errorMessage, FlotillaError } from '../../../base/errors.ts'
import type { Random } from '../../../base/random.ts'
import { FrameSplitter } from '../../../wire/openwire/frame-splitter.ts'
import type { ZooKeeperServer } from './address.ts'
import type { SessionState } from './client.ts'
import { JuteReader, JuteWriter } from './jute.ts'
import { zooKeeperLimits } from './limits.ts'
import { ZooKeeperWatches } from './zookeeper-watches.ts'
import { ZooKeeperError } from './zookeeper-error.ts'

export interface ZooKeeperTls {
  /** PEM texts. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface ZooKeeperSessionOptions {
  readonly servers: readonly ZooKeeperServer[]
  /** What is asked for; the servers may agree to another one. */
  readonly sessionTimeoutMs: number
  /** `user:password` of scheme digest. */
  readonly auth?: string | undefined
  readonly tls?: ZooKeeperTls | undefined
  readonly clock: Clock
  readonly random: Random
}

export const opcodes = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  ping: 11,
  getChildren2: 12,
  auth: 100,
  setWatches: 101,
  closeSession: -11,
} as const

const pingXid = -2
const authXid = -4
const setWatchesXid = -8
const eventXid = -1
const noPassword = Buffer.alloc(16)

interface Outstanding {
  readonly xid: number
  readonly operation: string
  readonly path: string
  readonly answered: (error: number, body: JuteReader) => void
  readonly failed: (error: ZooKeeperError) => void
}

export class ZooKeeperSession {
  readonly watches = new ZooKeeperWatches()
  state: SessionState = 'Connecting'
  trouble: string | undefined = 'no server was reached yet'
  timeoutMs: number
  readonly #options: ZooKeeperSessionOptions
  readonly #secureContext: SecureContext | undefined
  readonly #listeners: ((state: SessionState) => void)[] = []
  #next: number
  /** Connections in a row that were not had, or lasted for no longer than a moment. */
  #failures = 0
  /** When there was a session on the connection. */
  #connectedMs = 0
  /** When a server last said something in a session. */
  #heardMs = 0
  #socket: Socket | undefined
  #splitter = new FrameSplitter(zooKeeperLimits.frameBytes)
  #sessionId = 0n
  #password = noPassword
  #lastZxid = 0n
  #lastXid = 0
  #outstanding: Outstanding[] = []
  /** Until when something has to be heard. */
  #silence: Timer | undefined
  /** When something has to be said: the server counts what it hears, not what it tells. */
  #ping: Timer | undefined
  #retry: Timer | undefined
  #isSessionThere = false

  /** Throws FlotillaError ZOOKEEPER_TLS for certificates that cannot be used. */
  constructor(options: ZooKeeperSessionOptions) {
    this.#options = options
    this.#secureContext = options.tls && secureContextOf(options.tls)
    this.timeoutMs = options.sessionTimeoutMs
    this.#next = Math.floor(options.random.next() * options.servers.length)
  }

  onState(listener: (state: SessionState) => void): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#connect()
  }

  /**
   * Rejects with ZooKeeperError: CONNECTION_LOSS at once when there is no connection. `absent`: what it comes to when there is no such node.
   * Both readers are called before anything that the server says later is looked at.
   */
  request<T>(
    type: number,
    operation: string,
    path: string,
    write: (body: JuteWriter) => void,
    read: (body: JuteReader) => T,
    absent?: () => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.state !== 'Connected' || this.#outstanding.length >= zooKeeperLimits.outstanding)
        return reject(new ZooKeeperError(this.state === 'Closed' ? 'CLOSED' : 'CONNECTION_LOSS', operation, path))
      const xid = ++this.#lastXid
      const answered = (error: number, body: JuteReader): void => {
        if (error === 0) return resolve(read(body))
        const refusal = ZooKeeperError.ofNumber(error, operation, path)
        if (absent && refusal.zooKeeperCode === 'NO_NODE') resolve(absent())
        else reject(refusal)
      }
      this.#outstanding.push({ xid, operation, path, answered, failed: reject })
      const body = new JuteWriter().int(xid).int(type)
      write(body)
      this.#send(body)
    })
  }

  async close(): Promise<void> {
    if (this.state === 'Closed') return
    if (this.state === 'Connected') {
      const ended = this.request(
        opcodes.closeSession,
        'end the session of',
        '/',
        () => {},
        () => {},
      ).catch(() => {})
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = this.#options.clock.after(zooKeeperLimits.closeMs, resolve)
      await Promise.race([ended, promise])
      timer.cancel()
    }
    this.#become('Closed', 'it was closed')
    this.#retry?.cancel()
    this.#drop('CLOSED')
  }

  #connect(): void {
    const { servers, clock } = this.#options
    const server = servers[this.#next++ % servers.length]!
    const { host, port } = server
    const secureContext = this.#secureContext
    // An IP address is no name of a server (RFC 6066); it is looked for in the certificate all the same.
    const socket = secureContext
      ? connectTls({ host, port, servername: isIP(host) === 0 ? host : '', secureContext })
      : connectTcp({ host, port })
    this.#socket = socket
    this.#splitter = new FrameSplitter(zooKeeperLimits.frameBytes)
    socket.setNoDelay(true)
    const limitMs = Math.max(this.timeoutMs / servers.length, zooKeeperLimits.smallestConnectMs)
    const lost = (reason: string): void => this.#lost(socket, `${host}:${port}: ${reason}`)
    this.#silence = clock.after(limitMs, () => lost('it does not answer'))
    socket.once(secureContext ? 'secureConnect' : 'connect', () => socket.write(this.#connectRequest()))
    socket.on('data', (chunk: Buffer) => this.#read(socket, chunk, lost))
    socket.on('error', (error) => lost(errorMessage(error)))
    socket.on('close', () => lost(this.#isSessionThere ? 'the connection was closed' : 'it does not serve'))
  }

  #connectRequest(): Buffer {
    return new JuteWriter()
      .int(0)
      .long(this.#lastZxid)
      .int(this.#options.sessionTimeoutMs)
      .long(this.#sessionId)
      .buffer(this.#password)
      .bool(false)
      .frame()
  }

  #read(socket: Socket, chunk: Buffer, lost: (reason: string) => void): void {
    if (socket !== this.#socket) return
    try {
      for (const frame of this.#splitter.push(chunk)) {
        if (this.#isSessionThere) this.#received(new JuteReader(frame))
        else this.#connected(new JuteReader(frame))
        if (socket !== this.#socket) return
      }
      if (this.#isSessionThere) this.#expectMore(lost)
    } catch (error) {
      lost(errorMessage(error))
    }
  }

  /** The answer to a connect request: without a time-out the session is no more. */
  #connected(answer: JuteReader): void {
    answer.int()
    const timeoutMs = answer.int()
    const sessionId = answer.long()
    const password = answer.buffer()
    if (timeoutMs <= 0 && this.#sessionId === 0n)
      throw new FlotillaError('ZOOKEEPER_SESSION', 'it gives no session to anybody')
    if (timeoutMs <= 0) return this.#expired()
    this.#isSessionThere = true
    this.#connectedMs = this.#options.clock.monotonicMs()
    this.#heardMs = this.#connectedMs
    this.timeoutMs = timeoutMs
    this.#sessionId = sessionId
    this.#password = Buffer.from(password)
    const { auth } = this.#options
    if (auth !== undefined)
      this.#send(new JuteWriter().int(authXid).int(opcodes.auth).int(0).string('digest').buffer(Buffer.from(auth)))
    this.#pingLater()
    this.#setWatches()
    this.#become('Connected', undefined)
  }

  #expired(): void {
    this.#forget()
    this.#drop('SESSION_EXPIRED')
    this.#become('Expired', 'the session has expired')
    if (this.state === 'Expired') this.#connect()
  }

  #forget(): void {
    this.#sessionId = 0n
    this.#password = noPassword
    this.watches.clear()
  }

  #setWatches(): void {
    const { data, exists, children, isEmpty } = this.watches.set
    if (isEmpty) return
    this.#send(
      new JuteWriter()
        .int(setWatchesXid)
        .int(opcodes.setWatches)
        .long(this.#lastZxid)
        .strings(data)
        .strings(exists)
        .strings(children),
    )
  }

  #received(answer: JuteReader): void {
    this.#heardMs = this.#options.clock.monotonicMs()
    const xid = answer.int()
    const zxid = answer.long()
    const error = answer.int()
    if (xid === eventXid) return this.#fired(answer)
    if (zxid > 0n) this.#lastZxid = zxid
    if (xid === authXid && error !== 0) return this.#lostAll('ZooKeeper did not take the password')
    if (xid < 0) return
    const [first] = this.#outstanding
    if (first?.xid !== xid) throw new ZooKeeperError('OTHER', 'read from', '/', `answer ${xid} was not asked for`)
    first.answered(error, answer)
    // Not before: whoever asked for what cannot be read fails with the connection.
    this.#outstanding.shift()
  }

  #fired(event: JuteReader): void {
    const type = event.int()
    event.int()
    this.watches.fire(type, event.string())
  }

  #lostAll(reason: string): void {
    const socket = this.#socket
    if (socket) this.#lost(socket, reason)
  }

  /** Something is heard of the server all the time: pings are answered. */
  #expectMore(lost: (reason: string) => void): void {
    this.#silence?.cancel()
    const limitMs = (2 * this.timeoutMs) / 3
    this.#silence = this.#options.clock.after(limitMs, () =>
      lost(`nothing was heard of it for ${Math.round(limitMs)} ms`),
    )
  }

  #send(message: JuteWriter): void {
    this.#socket?.write(message.frame())
    this.#pingLater()
  }

  #pingLater(): void {
    this.#ping?.cancel()
    this.#ping = this.#options.clock.after(this.timeoutMs / 3, () =>
      this.#send(new JuteWriter().int(pingXid).int(opcodes.ping)),
    )
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return
    const { servers, clock } = this.#options
    const lastedMs = this.#isSessionThere ? clock.monotonicMs() - this.#connectedMs : 0
    this.#failures = lastedMs > zooKeeperLimits.retryMs ? 1 : this.#failures + 1
    this.#drop('CONNECTION_LOSS')
    if (this.state === 'Closed') return
    if (this.#isGivenUp) {
      this.#forget()
      this.#lastZxid = 0n
      this.#become('Expired', reason)
    } else this.#become(this.#sessionId === 0n ? 'Connecting' : 'Suspended', reason)
    const delayMs = this.#failures < servers.length ? 0 : zooKeeperLimits.retryMs
    this.#retry = clock.after(delayMs, () => this.#connect())
  }

  /** What was seen in a session counts as long as that, or one after it, may live. */
  get #isGivenUp(): boolean {
    const silentMs = this.#options.clock.monotonicMs() - this.#heardMs
    return this.#lastZxid > 0n && silentMs > zooKeeperLimits.givenUpTimeouts * this.timeoutMs
  }

  #drop(code: 'CONNECTION_LOSS' | 'SESSION_EXPIRED' | 'CLOSED'): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isSessionThere = false
    this.#silence?.cancel()
    this.#ping?.cancel()
    socket?.destroy()
    for (const { operation, path, failed } of this.#outstanding.splice(0))
      failed(new ZooKeeperError(code, operation, path))
  }

  #become(state: SessionState, trouble: string | undefined): void {
    if (this.state === 'Closed') return
    this.trouble = trouble
    if (this.state === state) return
    this.state = state
    for (const listener of this.#listeners) listener(state)
  }
}

function secureContextOf({ ca, cert, key }: ZooKeeperTls): SecureContext {
  try {
    return createSecureContext({ ca, cert, key })
  } catch (error) {
    throw new FlotillaError('ZOOKEEPER_TLS', `Cannot use the certificates for ZooKeeper: ${errorMessage(error)}`)
  }
}
