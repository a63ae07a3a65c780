// The connections between members over TCP: each member listens and dials every other one. A connection carries the dialler's requests there
// and the answers back (transport.ts).
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { ReplicationMessage } from '../message.ts'
import type { Peer } from '../peer.ts'
import type { ReplicationTransport, TransportListener } from '../transport.ts'
import {
  isProof,
  isWelcome,
  objectionTo,
  parseHello,
  parseProof,
  parseRefusal,
  proofOf,
  type Hello,
} from '../wire/handshake.ts'
import { protocolName, protocolVersion } from '../wire/handshake.ts'
import { decodeJson, decodeMessage, encodeMessage } from '../wire/message-codec.ts'
import { transportLimits } from './limits.ts'
import { MemberSocket } from './member-socket.ts'

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
  readonly makeNonce: () => string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Answers go back over the connection that asked. */
const answerTypes: ReadonlySet<ReplicationMessage['type']> = new Set([
  'promised',
  'refused',
  'inventory',
  'acknowledged',
  'heartbeatAnswer',
  'answer',
])

/** A member that is dialled, again and again. */
interface Dialled {
  readonly peer: Peer
  socket: MemberSocket | undefined
  isConnected: boolean
  failures: number
  timer: Timer | undefined
  /** What was logged last of why it cannot be reached. */
  trouble: string | undefined
}

export class TcpTransport implements ReplicationTransport {
  readonly #options: TcpTransportOptions
  readonly #instance: string
  readonly #dialled = new Map<string, Dialled>()
  /** By member, those that have proven who they are. */
  readonly #accepted = new Map<string, MemberSocket>()
  readonly #unproven = new Set<MemberSocket>()
  #server: Server | undefined
  #listener: TransportListener | undefined

  constructor(options: TcpTransportOptions) {
    this.#options = options
    this.#instance = options.makeNonce()
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
    const address = server.address()
    return `${hostName}:${typeof address === 'object' && address ? address.port : port}`
  }

  peers(peers: readonly Peer[]): void {
    const wanted = new Map(peers.map((peer) => [peer.member, peer]))
    for (const [member, dialled] of this.#dialled)
      if (wanted.get(member)?.address !== dialled.peer.address) this.#forget(member, dialled)
    for (const peer of wanted.values()) {
      if (this.#dialled.has(peer.member) || !this.#listener) continue
      const dialled = { peer, socket: undefined, isConnected: false, failures: 0, timer: undefined, trouble: undefined }
      this.#dialled.set(peer.member, dialled)
      this.#dial(dialled)
    }
  }

  send(to: string, message: ReplicationMessage): void {
    const dialled = this.#dialled.get(to)
    const socket = answerTypes.has(message.type)
      ? this.#accepted.get(to)
      : dialled?.isConnected
        ? dialled.socket
        : undefined
    socket?.send(encodeMessage(message))
  }

  disconnect(member: string, reason: string): void {
    this.#options.logger.warn('Cutting the connections with a member', { member, reason })
    this.#accepted.get(member)?.end(reason)
    this.#dialled.get(member)?.socket?.end(reason)
  }

  async close(): Promise<void> {
    this.#listener = undefined
    for (const [member, dialled] of this.#dialled) this.#forget(member, dialled)
    for (const socket of [...this.#unproven, ...this.#accepted.values()]) socket.end('this member closes')
    const server = this.#server
    if (server?.listening) await new Promise((resolve) => server.close(resolve))
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

  // Dialled

  #dial(dialled: Dialled): void {
    const { host, port } = hostAndPort(dialled.peer.address)
    const socket = createConnection({ host, port })
    const timer = this.#options.clock.after(transportLimits.handshakeMs, () => member.end('it does not answer'))
    const member = new MemberSocket(socket, dialled.peer.address, (reason) => {
      timer.cancel()
      this.#dialledEnded(dialled, reason)
    })
    dialled.socket = member
    const own = this.#hello
    socket.once('connect', () => member.say(own))
    member.onFrame = (frame) => {
      const answer = decodeJson(frame)
      const refusal = parseRefusal(answer)
      if (refusal !== undefined) return member.end(`it refuses this member: ${refusal}`)
      const other = parseHello(answer)
      if (!other) return member.end('it is no member of a replicated store')
      const objection = this.#objection(other, own, dialled.peer.member)
      if (objection !== undefined) return member.end(objection)
      if (!isProof(other.proof, proofOf(this.#options.token, 'acceptor', own, other)))
        return member.end('its security token is another one')
      member.say({ proof: proofOf(this.#options.token, 'dialler', own, other) })
      member.onFrame = (next) => this.#welcomed(dialled, member, next, timer)
    }
  }

  #objection(other: Hello, own: Hello, expected: string): string | undefined {
    return objectionTo(other, own) ?? (other.member === expected ? undefined : `member ${other.member} answers there`)
  }

  #welcomed(dialled: Dialled, socket: MemberSocket, frame: Buffer, timer: Timer): void {
    const answer = decodeJson(frame)
    if (!isWelcome(answer))
      return socket.end(`it refuses this member: ${parseRefusal(answer) ?? 'it does not say why'}`)
    timer.cancel()
    socket.allowLargeFrames()
    dialled.isConnected = true
    dialled.failures = 0
    dialled.trouble = undefined
    const { member } = dialled.peer
    socket.onFrame = (next) => this.#received(member, decodeMessage(next), true)
    this.#options.logger.info('Connected to a member', { member, address: socket.remote })
    this.#listener?.connected(member)
  }

  #dialledEnded(dialled: Dialled, reason: string): void {
    const { clock, random, logger } = this.#options
    const { member, address } = dialled.peer
    const wasConnected = dialled.isConnected
    dialled.isConnected = false
    dialled.socket = undefined
    if (this.#dialled.get(member) !== dialled) return
    if (reason !== dialled.trouble) logger.warn('No connection to a member', { member, address, reason })
    dialled.trouble = reason
    const delayMs = Math.min(transportLimits.firstRetryMs * 2 ** dialled.failures++, transportLimits.lastRetryMs)
    dialled.timer = clock.after(delayMs * (0.5 + random.next() / 2), () => this.#dial(dialled))
    if (wasConnected) this.#listener?.disconnected(member, reason)
  }

  #forget(member: string, dialled: Dialled): void {
    this.#dialled.delete(member)
    dialled.timer?.cancel()
    const { isConnected } = dialled
    dialled.socket?.end('it is no member any more')
    if (isConnected) this.#listener?.disconnected(member, 'it is no member any more')
  }

  // Accepted

  #accept(socket: Socket): void {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    const timer = this.#options.clock.after(transportLimits.handshakeMs, () => unproven.end('it says nothing'))
    const unproven = new MemberSocket(socket, remote, (reason) => {
      timer.cancel()
      this.#unproven.delete(unproven)
      for (const [member, proven] of this.#accepted) if (proven === unproven) this.#accepted.delete(member)
      this.#options.logger.debug('A connection to the replication port ended', { remote, reason })
    })
    this.#unproven.add(unproven)
    if (this.#unproven.size > transportLimits.unprovenConnections) {
      const [oldest] = this.#unproven
      oldest?.end('too many connections that say nothing')
    }
    const own = this.#hello
    unproven.onFrame = (frame) => {
      const other = parseHello(decodeJson(frame))
      if (!other) return unproven.end('it sent no hello')
      const objection = objectionTo(other, own)
      if (objection !== undefined) return this.#refuse(unproven, other.member, objection)
      unproven.say({ ...own, proof: proofOf(this.#options.token, 'acceptor', other, own) })
      unproven.onFrame = (next) => {
        if (!isProof(parseProof(decodeJson(next)), proofOf(this.#options.token, 'dialler', other, own)))
          return this.#refuse(unproven, other.member, 'its security token is another one')
        timer.cancel()
        this.#prove(unproven, other.member)
      }
    }
  }

  #refuse(socket: MemberSocket, member: string, reason: string): void {
    this.#options.logger.warn('Refused a member', { member, remote: socket.remote, reason })
    socket.refuse(reason)
  }

  #prove(socket: MemberSocket, member: string): void {
    this.#unproven.delete(socket)
    this.#accepted.get(member)?.end('it has connected anew')
    this.#accepted.set(member, socket)
    socket.allowLargeFrames()
    socket.onFrame = (frame) => {
      if (this.#accepted.get(member) === socket) this.#received(member, decodeMessage(frame), false)
    }
    socket.say({ welcome: true })
  }

  /** Who answers over a connection that it has dialled, or asks over one that it has accepted, is no member. */
  #received(from: string, message: ReplicationMessage, isAnswer: boolean): void {
    if (answerTypes.has(message.type) !== isAnswer)
      throw new FlotillaError(
        'REPLICATION_FRAME',
        `Cannot take ${message.type} on a connection for the other direction`,
      )
    this.#listener?.received(from, message)
  }
}

/** Of `host:port`, `[v6]:port`. */
function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) }
}
