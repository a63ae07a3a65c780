// An OpenWireSession without sockets: what it writes is decoded, the region is a fake that notes calls, time is manual.
import { ClusterClients, type ClusterClientOptions } from '../../../../broker/session/openwire/cluster-clients.ts'
import type { DuplexBridges } from '../../../../broker/session/openwire/duplex-bridges.ts'
import { OpenWireSession } from '../../../../broker/session/openwire/openwire-session.ts'
import type { SessionService } from '../../../../broker/session/session-service.ts'
import type { Session } from '../../../../broker/session/session.ts'
import type { Command, ConnectionInfo, WireFormatInfo } from '../../../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormatOptions,
} from '../../../../broker/wire/openwire/wire-format.ts'
import { FakeSocket } from '../../../support/fake-socket.ts'

/** As a socket does it: the memory is used again as soon as the session returns. */
export function receiveBytes(session: Session, bytes: Buffer): void {
  const shared = Buffer.from(bytes)
  session.receive(shared)
  shared.fill(0xee)
}

/** What a connector offers besides the wire format. */
export interface ConnectorParts {
  readonly clusterClients?: ClusterClients
  readonly duplexBridges?: DuplexBridges
}

/** The defaults. */
export const untoldClients: ClusterClientOptions = {
  updateClusterClients: false,
  rebalanceClusterClients: false,
  updateClusterClientsOnRemove: false,
}

/** The other side of the session: its socket, and a client that speaks OpenWire. */
export class TestSession extends FakeSocket {
  readonly session: OpenWireSession
  readonly sent: Command[] = []
  readonly dropReasons: string[] = []
  #codec = new OpenWireCodec(initialWireFormat)
  #theirs: WireFormatInfo | undefined
  #undecoded: Buffer[] = []
  readonly #splitter = new FrameSplitter(2 ** 30)

  constructor(service: SessionService, wireFormat: Partial<WireFormatOptions> = {}, parts: ConnectorParts = {}) {
    super()
    this.session = new OpenWireSession({
      service,
      wireFormat: {
        ...defaultWireFormatOptions,
        tightEncodingEnabled: false,
        cacheEnabled: false,
        maxFrameSize: 1_000_000,
        ...wireFormat,
      },
      clusterClients: parts.clusterClients ?? new ClusterClients(untoldClients, service.cluster),
      duplexBridges: parts.duplexBridges ?? null,
      connection: {
        output: this,
        remoteAddress: 'tcp://10.0.0.7:51234',
        connectorName: 'openwire',
        dropped: (reason) => void this.dropReasons.push(reason),
      },
    })
    this.session.start()
  }

  override write(bytes: Buffer): void {
    super.write(bytes)
    this.#undecoded.push(bytes)
    if (!this.#theirs) this.#decode()
  }

  negotiate(options: Partial<WireFormatOptions> = {}): this {
    const mine = preferredWireFormatInfo({ ...defaultWireFormatOptions, ...options })
    receiveBytes(this.session, new OpenWireCodec(initialWireFormat).encode(mine))
    this.#codec = new OpenWireCodec(negotiate(this.#theirs!, mine))
    this.#decode()
    return this
  }

  /** Encoded as the connection has negotiated, in one chunk. */
  receive(...commands: Command[]): this {
    receiveBytes(this.session, Buffer.concat(commands.map((command) => this.#codec.encode(command))))
    this.#decode()
    return this
  }

  receiveHex(hex: string): this {
    receiveBytes(this.session, Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
    this.#decode()
    return this
  }

  /** What was sent since this was asked last. */
  takeSent(): Command[] {
    this.#decode()
    return this.sent.splice(0)
  }

  connect(info: Partial<ConnectionInfo> = {}): this {
    this.negotiate()
    this.receive(connectionInfo(info))
    this.takeSent()
    this.takeHex()
    return this
  }

  /** Only when the codec is the right one: answers may be written before the test knows the format. */
  #decode(): void {
    for (const bytes of this.#undecoded.splice(0))
      for (const frame of this.#splitter.push(bytes)) {
        const command = this.#codec.decode(frame) as Command
        if (command.kind === 'WireFormatInfo') this.#theirs = command
        else this.sent.push(command)
      }
  }
}

export const connectionId = 'ID:client-host-41000-1700000000000-1:1'

export const connectionInfo = (fields: Partial<ConnectionInfo> = {}): ConnectionInfo => ({
  kind: 'ConnectionInfo',
  commandId: 1,
  responseRequired: true,
  connectionId: { kind: 'ConnectionId', value: connectionId },
  clientId: 'client-1',
  password: 'secret',
  userName: null,
  brokerPath: null,
  brokerMasterConnector: false,
  manageable: false,
  clientMaster: true,
  faultTolerant: false,
  failoverReconnect: false,
  clientIp: null,
  ...fields,
})
