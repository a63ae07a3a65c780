// The connections between members over TCP: each member listens and dials every other one. A connection carries the dialler's requests there
// and the answers back (transport.ts). Its listener is never called from within a call of the transport.
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { BurstLogger } from '../../base/burst-logger.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, FlotillaError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import { isAnswer, type ReplicationMessage } from '../message.ts'
import type { Peer } from '../peer.ts'
import type { ReplicationTransport, TransportListener } from '../transport.ts'
import {
  isProof,
  parseProof,
  parseRefusal,
  proofOf,
  protocolName,
  protocolVersion,
  readHello,
  type Hello,
} from '../wire/handshake.ts'
import { decodeJson, decodeMessage, encodeMessage } from '../wire/message-codec.ts'
import { transportLimits } from './limits.ts'
import { MemberSocket } from './member-socket.ts'

/** Told to the other side, and noted here. */
const otherToken = 'its securityToken is not the one of this member: all members need the same'

export interface TcpTransportOptions {
  readonly member: string
  readonly brokerName: string
  readonly replicas: number
  /** Empty: whoever reaches the port is believed. */
  readonly token: string
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Name of this machine, by which others find it. */
  readonly hostName: string
  /** All members, where they are known beforehand: nobody else is let in. */
  readonly members?: ReadonlySet<string>
  /** Random, 16 to 64 characters. */
  readonly makeNonce: () => string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A member that is dialled, again and again. */
interface Dialled {
  readonly peer: Peer
  socket: MemberSocket | undefined
  /** Monotonic; undefined: it is not. */
  connectedAtMs: number | undefined
  failures: number
  timer: Timer | undefined
  /** What was logged last of why it cannot be reached. */
  trouble: string | undefined
}

/** A member that has proven who it is. */
interface Accepted {
  readonly socket: MemberSocket
  /** Which process of the member it is. */
  readonly instance: string
  /** Those that it came after. */
  readonly former: readonly string[]
}

export class TcpTransport implements ReplicationTransport {
  readonly #options: TcpTransportOptions
  readonly #log: Logger
  readonly #instance: string
  readonly #dialled = new Map<string, Dialled>()
  /** By member, in the order of their connecting. */
  readonly #accepted = new Map<string, Accepted>()
  readonly #unproven = new Set<MemberSocket>()
  /** Whatever is not closed yet. */
  readonly #sockets = new Set<MemberSocket>()
  readonly #loggedRefusals = new Set<string>()
  #server: Server | undefined
  #listener: TransportListener | undefined

  constructor(options: TcpTransportOptions) {
    this.#options = options
    this.#instance = options.makeNonce()
    this.#log = BurstLogger.over(options.logger, options.clock, transportLimits.logBurst)
  }

  async open(listener: TransportListener): Promise<string> {
    const { host, port, hostName } = this.#options
    const server = createServer((socket) => this.#accept(socket))
    this.#listener = listener
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new FlotillaError(
            'REPLICATION_BIND',
            `Cannot listen for other members on ${host}:${port}: ${error.message}`,
            {
              fields: { host, port },
              cause: error,
            },
          ),
        ),
      )
      server.listen(port, host, resolve)
    })
    server.on('error', (error) => this.#log.error('Cannot accept another member', { error: error.message }))
    const address = server.address()
    return `${hostName}:${typeof address === 'object' && address ? address.port : port}`
  }

  peers(peers: readonly Peer[]): void {
    const wanted = new Map(peers.map((peer) => [peer.member, peer]))
    for (const [member, dialled] of this.#dialled)
      if (wanted.get(member)?.address !== dialled.peer.address) this.#forget(member, dialled)
    for (const peer of wanted.values()) {
      if (this.#dialled.has(peer.member) || !this.#listener) continue
      const dialled = {
        peer,
        socket: undefined,
        connectedAtMs: undefined,
        failures: 0,
        timer: undefined,
        trouble: undefined,
      }
      this.#dialled.set(peer.member, dialled)
      this.#dial(dialled)
    }
  }

  send(to: string, message: ReplicationMessage): void {
    const dialled = this.#dialled.get(to)
    const asked = this.#accepted.get(to)?.socket
    const asks = dialled?.connectedAtMs === undefined ? undefined : dialled.socket
    const socket = isAnswer(message) ? asked : asks
    socket?.send(encodeMessage(message))
  }

  disconnect(member: string, reason: string): void {
    this.#log.warn('Cutting the connections with a member', { member, reason })
    this.#accepted.get(member)?.socket.end(reason)
    this.#dialled.get(member)?.socket?.end(reason)
  }

  async close(): Promise<void> {
    this.#listener = undefined
    for (const [member, dialled] of this.#dialled) this.#forget(member, dialled)
    for (const socket of this.#sockets) socket.end('this member closes')
    const server = this.#server
    if (server?.listening) await new Promise((resolve) => server.close(resolve))
    await Promise.all([...this.#sockets].map(({ closed }) => closed))
  }

  get #hello(): Hello {
    const { member, brokerName, replicas, makeNonce } = this.#options
    const nonce = makeNonce()
    return {
      protocol: protocolName,
      version: protocolVersion,
      member,
      instance: this.#instance,
      brokerName,
      replicas,
      nonce,
    }
  }

  #keep(socket: MemberSocket): void {
    this.#sockets.add(socket)
    void socket.closed.then(() => this.#sockets.delete(socket))
  }

  // Dialled

  #dial(dialled: Dialled): void {
    const { address } = dialled.peer
    const place = hostAndPort(address)
    if (!place) return this.#dialledEnded(dialled, 'its address is not of the form host:port')
    const socket = createConnection(place)
    const timer = this.#options.clock.after(transportLimits.handshakeMs, () => member.end('it does not answer'))
    const member = new MemberSocket(socket, address, (reason) => {
      timer.cancel()
      this.#dialledEnded(dialled, reason)
    })
    this.#keep(member)
    dialled.socket = member
    const own = this.#hello
    socket.once('connect', () => member.say(own))
    member.onFrame = (frame) => {
      const answer = decodeJson(frame)
      const refusal = parseRefusal(answer)
      if (refusal !== undefined) return member.end(refusedBecause(refusal))
      const other = readHello(answer, own)
      if (!other) return member.end('it is no member of a replicated store')
      if ('objection' in other) return member.end(other.objection)
      if (other.member !== dialled.peer.member) return member.end(`member ${other.member} answers there`)
      member.say({ proof: proofOf(this.#options.token, 'dialler', own, other) })
      const expected = proofOf(this.#options.token, 'acceptor', own, other)
      member.onFrame = (next) => this.#answered(dialled, member, next, expected, timer)
    }
  }

  #answered(dialled: Dialled, socket: MemberSocket, frame: Buffer, expected: string, timer: Timer): void {
    const answer = decodeJson(frame)
    const refusal = parseRefusal(answer)
    if (refusal !== undefined) return socket.end(refusedBecause(refusal))
    if (!isProof(parseProof(answer), expected)) return socket.end(otherToken)
    timer.cancel()
    socket.allowLargeFrames()
    dialled.connectedAtMs = this.#options.clock.monotonicMs()
    const { member } = dialled.peer
    socket.onFrame = (next) => this.#received(member, socket, decodeMessage(next), true)
    this.#log.info('Connected to a member', { member, address: socket.remote })
    this.#listener?.connected(member)
  }

  #dialledEnded(dialled: Dialled, reason: string): void {
    const { clock, random } = this.#options
    const { member, address } = dialled.peer
    const { connectedAtMs } = dialled
    dialled.connectedAtMs = undefined
    dialled.socket = undefined
    if (this.#dialled.get(member) !== dialled) return
    if (connectedAtMs !== undefined && clock.monotonicMs() - connectedAtMs >= transportLimits.steadyMs) {
      dialled.failures = 0
      dialled.trouble = undefined
    }
    if (reason !== dialled.trouble) this.#log.warn('No connection to a member', { member, address, reason })
    dialled.trouble = reason
    const delayMs = Math.min(transportLimits.firstRetryMs * 2 ** dialled.failures++, transportLimits.lastRetryMs)
    dialled.timer = clock.after(delayMs * (0.5 + random.next() / 2), () => this.#dial(dialled))
    if (connectedAtMs !== undefined) this.#tellDisconnected(member, reason)
  }

  #forget(member: string, dialled: Dialled): void {
    const isConnected = dialled.connectedAtMs !== undefined
    this.#dialled.delete(member)
    dialled.timer?.cancel()
    dialled.socket?.end('it is no member any more')
    if (isConnected) this.#tellDisconnected(member, 'it is no member any more')
  }

  /** Whoever sends or cuts is told when that is over: it may be in the midst of its own changes. */
  #tellDisconnected(member: string, reason: string): void {
    queueMicrotask(() => this.#listener?.disconnected(member, reason))
  }

  // Accepted

  #accept(socket: Socket): void {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    const timer = this.#options.clock.after(transportLimits.handshakeMs, () => unproven.end('it says nothing'))
    const unproven = new MemberSocket(socket, remote, (reason) => {
      timer.cancel()
      this.#unproven.delete(unproven)
      this.#acceptedEnded(unproven, reason)
    })
    this.#keep(unproven)
    this.#unproven.add(unproven)
    if (this.#unproven.size > transportLimits.unprovenConnections) {
      const [oldest] = this.#unproven
      oldest?.end('too many connections that say nothing')
    }
    const own = this.#hello
    unproven.onFrame = (frame) => {
      const other = readHello(decodeJson(frame), own)
      if (!other) return unproven.end('it sent no hello')
      if ('objection' in other) return this.#refuse(unproven, other.member, other.objection)
      const objection = this.#objectionTo(other)
      if (objection !== undefined) return this.#refuse(unproven, other.member, objection)
      unproven.say(own)
      unproven.onFrame = (next) => {
        const proof = parseProof(decodeJson(next))
        if (!isProof(proof, proofOf(this.#options.token, 'dialler', other, own)))
          return this.#refuse(unproven, other.member, otherToken)
        timer.cancel()
        this.#prove(unproven, other, proofOf(this.#options.token, 'acceptor', other, own))
      }
    }
  }

  #objectionTo({ member, instance }: Hello): string | undefined {
    const { members } = this.#options
    if (members && !members.has(member)) return `no member is called ${member} here`
    const accepted = this.#accepted.get(member)
    if (!accepted?.former.includes(instance)) return undefined
    return `member name ${member} is in use by another process at ${accepted.socket.remote}: each member needs a name of its own`
  }

  /** Once per member and reason, until that member is let in. */
  #refuse(socket: MemberSocket, member: string, reason: string): void {
    const key = `${member} ${reason}`
    if (!this.#loggedRefusals.has(key)) {
      this.#loggedRefusals.add(key)
      const [oldest] = this.#loggedRefusals
      if (this.#loggedRefusals.size > transportLimits.loggedRefusals) this.#loggedRefusals.delete(oldest!)
      this.#log.warn('Refused a member', { member, remote: socket.remote, reason })
    }
    socket.refuse(reason)
  }

  /** It knows the token. The newest connection of a member is the one that counts: the other one may be dead and not know it. */
  #prove(socket: MemberSocket, { member, instance }: Hello, proof: string): void {
    this.#unproven.delete(socket)
    const before = this.#accepted.get(member)
    this.#accepted.delete(member)
    before?.socket.end('it has connected anew')
    if (!before) this.#makeRoomForMember()
    const former = [...(before?.former ?? [])]
    if (before && before.instance !== instance) former.push(before.instance)
    this.#accepted.set(member, { socket, instance, former: former.slice(-transportLimits.formerInstances) })
    for (const key of this.#loggedRefusals) if (key.startsWith(`${member} `)) this.#loggedRefusals.delete(key)
    socket.allowLargeFrames()
    socket.onFrame = (frame) => this.#received(member, socket, decodeMessage(frame), false)
    socket.say({ proof })
    this.#log.info('A member has connected', { member, remote: socket.remote })
  }

  /** Those that this member dials, too, stay. */
  #makeRoomForMember(): void {
    if (this.#accepted.size < transportLimits.acceptedMembers) return
    for (const [member, { socket }] of this.#accepted)
      if (!this.#dialled.has(member)) return socket.end('too many members are connected')
  }

  #acceptedEnded(socket: MemberSocket, reason: string): void {
    const { remote } = socket
    for (const [member, accepted] of this.#accepted) {
      if (accepted.socket !== socket) continue
      this.#accepted.delete(member)
      return this.#log.info('A member is not connected any more', { member, remote, reason })
    }
    this.#log.debug('A connection to the replication port ended', { remote, reason })
  }

  /** Who answers over a connection that it has dialled, or asks over one that it has accepted, is no member. */
  #received(from: string, socket: MemberSocket, message: ReplicationMessage, asAnswer: boolean): void {
    if (isAnswer(message) !== asAnswer)
      throw new FormatError('REPLICATION_FRAME', `Cannot take ${message.type} on a connection for the other direction`)
    try {
      this.#listener?.received(from, message)
    } catch (error) {
      // A mistake of this member's own.
      this.#log.error('Cannot handle what a member sent', {
        member: from,
        type: message.type,
        error: errorMessage(error),
      })
      socket.end(errorMessage(error))
    }
  }
}

const refusedBecause = (reason: string): string => `it refuses this member: ${reason}`

/** Of `host:port` or `[v6]:port`; undefined: it is neither. */
function hostAndPort(address: string): { host: string; port: number } | undefined {
  const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^\s[\]]+)):(\d{1,5})$/.exec(address) ?? []
  const host = bracketed ?? name
  const port = Number(digits)
  return host !== undefined && !host.includes('\0') && port > 0 && port < 65_536 ? { host, port } : undefined
}
