// All logical connections of the broker, over all sockets and connectors: client ids are unique, and a connection that
// comes back on a new socket before the loss of the old one was noticed takes over (as RegionBroker.addConnection of ActiveMQ).
import { RefusalError } from '../base/errors.ts'
import { Inventory, type InventoryPage } from '../base/inventory.ts'
import type { ConnectionIdText } from '../region/region.ts'

export interface RegisteredConnection {
  readonly id: ConnectionIdText
  readonly clientId: string
  /** `tcp://10.0.0.7:51234` */
  readonly remoteAddress: string
  readonly connectorName: string
  readonly consumerCount: number
  readonly producerCount: number
  /** Another broker's bridge. */
  readonly network: boolean
  /** Of a bridge in both directions: no other one of the same network connector can be there; else null. */
  readonly duplexConnectorId: string | null
  /** Takes the connection away from its socket at once: the region forgets it before this returns. */
  stop(reason: string): void
}

export class ConnectionRegistry {
  readonly #brokerName: string
  readonly #byId = new Map<ConnectionIdText, RegisteredConnection>()
  readonly #byClientId = new Map<string, RegisteredConnection>()
  readonly #byDuplexConnector = new Map<string, RegisteredConnection>()
  readonly #inventory = new Inventory<RegisteredConnection>()

  constructor(brokerName: string) {
    this.#brokerName = brokerName
  }

  /** Up to `limit` of those that came after the one with number `after`, in the order in which they came. */
  page(after: number, limit: number): InventoryPage<RegisteredConnection> {
    return this.#inventory.page(after, limit)
  }

  get size(): number {
    return this.#byId.size
  }

  /** @throws {RefusalError} INVALID_CLIENT_ID when another connection has the client id, or another client the id. */
  add(connection: RegisteredConnection): void {
    this.#endEarlierDuplex(connection)
    const holder = this.#byClientId.get(connection.clientId)
    if (holder && holder.id !== connection.id)
      throw new RefusalError(
        'INVALID_CLIENT_ID',
        `Broker: ${this.#brokerName} - Client: ${connection.clientId} already connected from ${holder.remoteAddress}`,
      )
    const former = this.#byId.get(connection.id)
    if (former && former.clientId !== connection.clientId)
      throw new RefusalError(
        'INVALID_CLIENT_ID',
        `Cannot connect as ${connection.clientId}: connection ${connection.id} belongs to another client`,
      )
    former?.stop(`connection ${connection.id} came back from ${connection.remoteAddress}`)
    this.#byId.set(connection.id, connection)
    this.#byClientId.set(connection.clientId, connection)
    if (connection.duplexConnectorId !== null) this.#byDuplexConnector.set(connection.duplexConnectorId, connection)
    this.#inventory.add(connection)
  }

  /** Ignores a connection whose place another one has taken. */
  remove(connection: RegisteredConnection): void {
    if (this.#byId.get(connection.id) === connection) this.#byId.delete(connection.id)
    if (this.#byClientId.get(connection.clientId) === connection) this.#byClientId.delete(connection.clientId)
    const duplex = connection.duplexConnectorId
    if (duplex !== null && this.#byDuplexConnector.get(duplex) === connection) this.#byDuplexConnector.delete(duplex)
    this.#inventory.remove(connection)
  }

  /** Its broker has dialled again, before the loss of the old connection was noticed here (as in ActiveMQ). */
  #endEarlierDuplex({ duplexConnectorId, remoteAddress }: RegisteredConnection): void {
    if (duplexConnectorId === null) return
    const earlier = this.#byDuplexConnector.get(duplexConnectorId)
    earlier?.stop(`duplex bridge ${duplexConnectorId} came back from ${remoteAddress}`)
  }
}
