// Makes the OpenWire sessions of one transport connector, which all offer the same wire format.
import type { WireFormatOptions } from '../../wire/openwire/wire-format.ts'
import type { AcceptedConnection, Session, SessionFactory } from '../session.ts'
import type { SessionService } from '../session-service.ts'
import { OpenWireSession } from './openwire-session.ts'

export class OpenWireSessionFactory implements SessionFactory {
  readonly #service: SessionService
  readonly #wireFormat: WireFormatOptions

  constructor(service: SessionService, wireFormat: WireFormatOptions) {
    this.#service = service
    this.#wireFormat = wireFormat
  }

  createSession(connection: AcceptedConnection): Session {
    return new OpenWireSession({ service: this.#service, wireFormat: this.#wireFormat, connection })
  }
}
