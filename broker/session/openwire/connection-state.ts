// What one logical connection (one ConnectionInfo) has registered: sessions, and in them consumers and producers.
// Several may share a socket. Only books are kept here; the region is called by the command handlers.
import { RefusalError } from '../../base/errors.ts'
import type { ConnectionIdText, ConsumerIdText, ProducerIdText, RegionConnection } from '../../region/region.ts'
import type { ConnectionInfo, ConsumerInfo, ProducerInfo } from '../../wire/openwire/commands.ts'
import type { DispatchState } from './dispatch-encoder.ts'
import type { AnnouncedBytes } from './announced-bytes.ts'
import { maxSessionsPerConnection } from './limits.ts'

/** What JMS calls a session: a part of a connection. The broker's own sessions are its connections' state machines. */
export interface JmsSession {
  readonly id: string
  readonly consumers: Set<ConsumerIdText>
  readonly producers: Set<ProducerIdText>
}

export interface ConsumerState {
  readonly id: ConsumerIdText
  readonly info: ConsumerInfo
  readonly session: JmsSession
  readonly dispatch: DispatchState
  /** Deliveries that still wait for the socket are not for anybody any more. */
  removed: boolean
}

export interface ProducerState {
  readonly id: ProducerIdText
  readonly info: ProducerInfo
  readonly session: JmsSession
}

export class ConnectionState {
  readonly id: ConnectionIdText
  readonly clientId: string
  readonly info: ConnectionInfo
  readonly sessions = new Map<string, JmsSession>()
  readonly consumers = new Map<ConsumerIdText, ConsumerState>()
  readonly producers = new Map<ProducerIdText, ProducerState>()
  readonly #announced: AnnouncedBytes
  readonly #announcedSizes = new Map<object, number>()
  #region: RegionConnection | undefined

  /** The password is not kept. @throws {RefusalError} when the socket has announced too much. */
  constructor(id: ConnectionIdText, clientId: string, info: ConnectionInfo, announced: AnnouncedBytes) {
    this.id = id
    this.clientId = clientId
    this.info = { ...info, password: '' }
    this.#announced = announced
    this.#announce(this)
  }

  get region(): RegionConnection {
    if (!this.#region) throw new Error(`Connection ${this.id} is not attached to a region`)
    return this.#region
  }

  attach(region: RegionConnection): void {
    this.#region = region
  }

  /** Session -1 is the connection's own and exists without being announced (ActiveMQ: ConnectionState). */
  session(id: string, what: string): JmsSession {
    const session = this.sessions.get(id)
    if (session) return session
    if (id === `${this.id}:-1`) return this.addSession(id)
    throw new RefusalError('ILLEGAL_STATE', `Cannot ${what}: session ${id} had not been registered`)
  }

  /** Idempotent, as failover clients announce what they had. */
  addSession(id: string): JmsSession {
    const known = this.sessions.get(id)
    if (known) return known
    if (this.sessions.size >= maxSessionsPerConnection)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot add session: this connection has ${this.sessions.size}, at most ${maxSessionsPerConnection} are accepted`,
        { fields: { limit: 'maxSessionsPerConnection' } },
      )
    const session = { id, consumers: new Set<string>(), producers: new Set<string>() }
    this.#announce(session)
    this.sessions.set(id, session)
    return session
  }

  removeSession(session: JmsSession): void {
    this.#takeBack(session)
    this.sessions.delete(session.id)
  }

  /** @throws {RefusalError} when the socket has announced too much. */
  addConsumer(state: ConsumerState): void {
    this.#announce(state)
    this.consumers.set(state.id, state)
    state.session.consumers.add(state.id)
  }

  removeConsumer(state: ConsumerState): void {
    this.#takeBack(state)
    state.removed = true
    this.consumers.delete(state.id)
    state.session.consumers.delete(state.id)
  }

  /** @throws {RefusalError} when the socket has announced too much. */
  addProducer(state: ProducerState): void {
    this.#announce(state)
    this.producers.set(state.id, state)
    state.session.producers.add(state.id)
  }

  removeProducer(state: ProducerState): void {
    this.#takeBack(state)
    this.producers.delete(state.id)
    state.session.producers.delete(state.id)
  }

  /** The connection is over, with everything that it announced. */
  forgetAnnounced(): void {
    for (const announced of this.#announcedSizes.keys()) this.#takeBack(announced)
  }

  #announce(announced: object): void {
    this.#announcedSizes.set(announced, this.#announced.take())
  }

  #takeBack(announced: object): void {
    this.#announced.giveBack(this.#announcedSizes.get(announced) ?? 0)
    this.#announcedSizes.delete(announced)
  }
}
