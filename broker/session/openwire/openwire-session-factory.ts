// Makes the OpenWire sessions of one transport connector, which all offer the same wire format.
import type { WireFormatOptions } from '../../wire/openwire/wire-format.ts'
import type { AcceptedConnection, Session, SessionFactory } from '../session.ts'
import type { SessionService } from '../session-service.ts'
import { ClusterClients, type ClusterClientOptions } from './cluster-clients.ts'
import type { DuplexBridges } from './duplex-bridges.ts'
import { OpenWireSession } from './openwire-session.ts'

export interface OpenWireOptions {
  readonly wireFormat: WireFormatOptions
  readonly clusterClients: ClusterClientOptions
  /** null: bridges in both directions are refused. */
  readonly duplexBridges: DuplexBridges | null
}

export class OpenWireSessionFactory implements SessionFactory {
  readonly #service: SessionService
  readonly #options: OpenWireOptions
  readonly #clusterClients: ClusterClients

  constructor(service: SessionService, options: OpenWireOptions) {
    this.#service = service
    this.#options = options
    this.#clusterClients = new ClusterClients(options.clusterClients, service.cluster)
  }

  createSession(connection: AcceptedConnection): Session {
    const { wireFormat, duplexBridges } = this.#options
    return new OpenWireSession({
      service: this.#service,
      wireFormat,
      clusterClients: this.#clusterClients,
      duplexBridges,
      connection,
    })
  }
}
