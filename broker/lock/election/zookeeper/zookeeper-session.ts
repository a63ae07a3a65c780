// A session with a ZooKeeper ensemble (protocol of ZooKeeper 3.4 to 3.9): one connection at a time to any server of the list, taken up again at
// another one when it breaks. Only a server says that a session has expired; a process that was stopped learns of it before it believes
// anything else, because whatever it asks is answered by nobody until then.
//
//   request    xid:4 type:4 body            answered by xid:4 zxid:8 error:4 body, in order
//   xid -1     a watch has fired            -2 ping   -4 authentication   -8 watches set again
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock, Timer } from '../../../base/clock.ts'
import { errorMessage } from '../../../base/errors.ts'
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
  readonly #listeners: ((state: SessionState) => void)[] = []
  #next: number
  /** Servers in a row that could not be reached, or ended the connection before there was a session. */
  #failures = 0
  #socket: Socket | undefined
  #splitter = new FrameSplitter(zooKeeperLimits.frameBytes)
  #sessionId = 0n
  #password = noPassword
  #lastZxid = 0n
  #lastXid = 0
  #outstanding: Outstanding[] = []
  #timers: Timer[] = []
  #retry: Timer | undefined
  #isSessionThere = false

  constructor(options: ZooKeeperSessionOptions) {
    this.#options = options
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
      this.#socket?.write(body.frame())
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
    const { servers, clock, tls } = this.#options
    const server = servers[this.#next++ % servers.length]!
    const { host, port } = server
    const socket = tls
      ? connectTls({ host, port, servername: host, ca: tls.ca, cert: tls.cert, key: tls.key })
      : connectTcp({ host, port })
    this.#socket = socket
    this.#splitter = new FrameSplitter(zooKeeperLimits.frameBytes)
    socket.setNoDelay(true)
    const limitMs = Math.max(this.timeoutMs / servers.length, zooKeeperLimits.smallestConnectMs)
    const lost = (reason: string): void => this.#lost(socket, `${host}:${port}: ${reason}`)
    this.#timers = [clock.after(limitMs, () => lost('it does not answer'))]
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(this.#connectRequest()))
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
    this.#endTimers()
    if (timeoutMs <= 0) return this.#expired()
    this.#isSessionThere = true
    this.#failures = 0
    this.timeoutMs = timeoutMs
    this.#sessionId = sessionId
    this.#password = Buffer.from(password)
    const { auth } = this.#options
    if (auth !== undefined)
      this.#socket?.write(
        new JuteWriter().int(authXid).int(opcodes.auth).int(0).string('digest').buffer(Buffer.from(auth)).frame(),
      )
    this.#setWatches()
    this.#become('Connected', undefined)
  }

  #expired(): void {
    this.#sessionId = 0n
    this.#password = noPassword
    this.watches.clear()
    this.#drop('SESSION_EXPIRED')
    this.#become('Expired', 'the session has expired')
    if (this.state === 'Expired') this.#connect()
  }

  #setWatches(): void {
    const { data, exists, children, isEmpty } = this.watches.set
    if (isEmpty) return
    this.#socket?.write(
      new JuteWriter()
        .int(setWatchesXid)
        .int(opcodes.setWatches)
        .long(this.#lastZxid)
        .strings(data)
        .strings(exists)
        .strings(children)
        .frame(),
    )
  }

  #received(answer: JuteReader): void {
    const xid = answer.int()
    const zxid = answer.long()
    const error = answer.int()
    if (xid === eventXid) return this.#fired(answer)
    if (zxid > 0n) this.#lastZxid = zxid
    if (xid === authXid && error !== 0) return this.#lostAll('ZooKeeper did not take the password')
    if (xid < 0) return
    const [first] = this.#outstanding
    if (first?.xid !== xid) throw new ZooKeeperError('OTHER', 'read from', '/', `answer ${xid} was not asked for`)
    this.#outstanding.shift()
    first.answered(error, answer)
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

  /** Somebody is heard of all the time: pings are answered. */
  #expectMore(lost: (reason: string) => void): void {
    this.#endTimers()
    const { clock } = this.#options
    const third = this.timeoutMs / 3
    this.#timers = [
      clock.after(third, () => this.#socket?.write(new JuteWriter().int(pingXid).int(opcodes.ping).frame())),
      clock.after(2 * third, () => lost(`nothing was heard of it for ${Math.round(2 * third)} ms`)),
    ]
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return
    this.#drop('CONNECTION_LOSS')
    if (this.state === 'Closed') return
    this.#become(this.#sessionId === 0n ? 'Connecting' : 'Suspended', reason)
    this.#failures++
    const { servers, clock } = this.#options
    const delayMs = this.#failures < servers.length ? 0 : zooKeeperLimits.retryMs
    this.#retry = clock.after(delayMs, () => this.#connect())
  }

  #drop(code: 'CONNECTION_LOSS' | 'SESSION_EXPIRED' | 'CLOSED'): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isSessionThere = false
    this.#endTimers()
    socket?.destroy()
    for (const { operation, path, failed } of this.#outstanding.splice(0))
      failed(new ZooKeeperError(code, operation, path))
  }

  #endTimers(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }

  #become(state: SessionState, trouble: string | undefined): void {
    if (this.state === 'Closed') return
    this.trouble = trouble
    if (this.state === state) return
    this.state = state
    for (const listener of this.#listeners) listener(state)
  }
}
