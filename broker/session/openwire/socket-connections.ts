// The logical connections of one socket: a ConnectionInfo makes one, in the registry and in the region; RemoveInfo or the end of
// the socket takes it away, with everything that was announced on it.
import { RefusalError } from '../../base/errors.ts'
import type { ConnectionPort, Delivery } from '../../region/region.ts'
import type { ConnectionInfo } from '../../wire/openwire/commands.ts'
import type { RegisteredConnection } from '../connection-registry.ts'
import type { SessionService } from '../session-service.ts'
import { AnnouncedBytes } from './announced-bytes.ts'
import { ConnectionState, type ConsumerState } from './connection-state.ts'
import { maxConnectionsPerSocket } from './limits.ts'
import type { OtherBroker } from './other-broker.ts'

/** The session, as its connections see it. */
export interface ConnectionPeer {
  /** `tcp://10.0.0.7:51234` */
  readonly remoteAddress: string
  readonly connectorName: string
  /** null = the end marker of a pull. */
  dispatch(consumer: ConsumerState, delivery: Delivery | null): void
  pause(): void
  resume(): void
  /** More bytes wait for the socket than should. */
  readonly congested: boolean
  /** The client has yet to answer something, behind whatever else it sends. */
  readonly awaitsAnswers: boolean
  limitReached(limit: string): void
  /** Closes the socket at once, without answering anything that is still open. */
  stop(reason: string): void
}

export class SocketConnections {
  /** Whose bridge has this socket; null when it is a client's. Known before there is any connection. */
  broker: OtherBroker | null = null
  readonly #service: SessionService
  readonly #peer: ConnectionPeer
  readonly #connections = new Map<string, ConnectionState>()
  readonly #registered = new Map<string, RegisteredConnection>()
  readonly #announced = new AnnouncedBytes()

  constructor(service: SessionService, peer: ConnectionPeer) {
    this.#service = service
    this.#peer = peer
  }

  get size(): number {
    return this.#connections.size
  }

  /** Size of the command that is being carried out: what it announces counts as much. */
  set frameBytes(bytes: number) {
    this.#announced.frameBytes = bytes
  }

  find(id: string): ConnectionState | undefined {
    return this.#connections.get(id)
  }

  /** `what` completes "Cannot <what>: …". @throws {RefusalError} when it was not announced on this socket. */
  get(id: string, what: string): ConnectionState {
    const connection = this.#connections.get(id)
    if (connection) return connection
    throw new RefusalError('ILLEGAL_STATE', `Cannot ${what}: connection ${id} had not been registered on this socket`)
  }

  /** @throws {RefusalError} when it is refused; nothing is left of it then. */
  add(id: string, info: ConnectionInfo): void {
    if (info.clientId === null || info.clientId === '')
      throw new RefusalError('INVALID_CLIENT_ID', 'Cannot connect: no clientId was given')
    if (this.#connections.size >= maxConnectionsPerSocket)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot connect: this socket carries ${maxConnectionsPerSocket} connections, no more are accepted`,
        { fields: { limit: 'maxConnectionsPerSocket' } },
      )
    const connection = new ConnectionState(id, info.clientId, info, this.#announced)
    const registered = this.#registeredForm(connection)
    try {
      this.#service.registry.add(registered)
    } catch (error) {
      connection.forgetAnnounced()
      throw error
    }
    this.#connections.set(id, connection)
    this.#registered.set(id, registered)
    try {
      this.#connect(connection, info.failoverReconnect)
    } catch (error) {
      this.#forget(connection)
      throw error
    }
  }

  remove(connection: ConnectionState): void {
    this.#forget(connection)
    connection.region.close()
  }

  /** The socket is gone: everything that was announced on it goes. */
  close(): void {
    for (const connection of this.#connections.values()) this.remove(connection)
  }

  /** The socket takes bytes again: what waited for it goes on. */
  dispatch(): void {
    for (const connection of this.#connections.values()) connection.region.dispatch()
  }

  #connect(connection: ConnectionState, failoverReconnect: boolean): void {
    const { id: connectionId, clientId, info: announcement } = connection
    const network = this.broker !== null
    const unstored = this.broker?.unstored === true
    const options = { connectionId, clientId, failoverReconnect, network, unstored, announcement }
    connection.attach(this.#service.region.connect(options, this.#portOf(connection)))
  }

  #forget(connection: ConnectionState): void {
    const { id } = connection
    const registered = this.#registered.get(id)
    if (registered) this.#service.registry.remove(registered)
    this.#registered.delete(id)
    connection.forgetAnnounced()
    this.#connections.delete(id)
  }

  #portOf({ consumers }: ConnectionState): ConnectionPort {
    const peer = this.#peer
    return {
      deliver(delivery) {
        const consumer = consumers.get(delivery.consumerId)
        if (consumer) peer.dispatch(consumer, delivery)
      },
      deliverNothing(consumerId) {
        const consumer = consumers.get(consumerId)
        if (consumer) peer.dispatch(consumer, null)
      },
      get congested() {
        return peer.congested
      },
      get awaitsAnswers() {
        return peer.awaitsAnswers
      },
      limitReached: (limit) => peer.limitReached(limit),
      pause: () => peer.pause(),
      resume: () => peer.resume(),
    }
  }

  #registeredForm(connection: ConnectionState): RegisteredConnection {
    const peer = this.#peer
    return {
      id: connection.id,
      clientId: connection.clientId,
      remoteAddress: peer.remoteAddress,
      connectorName: peer.connectorName,
      network: this.broker !== null,
      duplexConnectorId: this.size === 0 ? (this.broker?.duplexConnectorId ?? null) : null,
      get consumerCount() {
        return connection.consumers.size
      },
      get producerCount() {
        return connection.producers.size
      },
      stop: (reason) => peer.stop(reason),
    }
  }
}
