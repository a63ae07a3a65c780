// An OpenWireSession without sockets: what it writes is decoded, the region is a fake that notes calls, time is manual.
import type { RefusalError } from '../../../../broker/base/errors.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import type { Message } from '../../../../broker/message/message.ts'
import type {
  ConnectionOptions,
  ConnectionPort,
  Done,
  Region,
  RegionConnection,
} from '../../../../broker/region/region.ts'
import { ConnectionRegistry } from '../../../../broker/session/connection-registry.ts'
import { LimitCounts } from '../../../../broker/session/limit-counts.ts'
import type { SessionService } from '../../../../broker/session/session-service.ts'
import { OpenWireSession } from '../../../../broker/session/openwire/openwire-session.ts'
import type { SessionOutput } from '../../../../broker/session/session.ts'
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

export interface RegionCall {
  readonly method: string
  readonly arguments: readonly unknown[]
}

/** Notes every call; refuses those that a test says it is to refuse; keeps `done` of sends if told to. */
export class FakeRegion implements Region {
  readonly calls: RegionCall[] = []
  readonly refusals = new Map<string, RefusalError>()
  readonly ports = new Map<string, ConnectionPort>()
  readonly published: { readonly to: string | null; readonly message: Message }[] = []
  readonly waiting: Done[] = []
  holdsSends = false

  connect(options: ConnectionOptions, port: ConnectionPort): RegionConnection {
    this.#note('connect', options)
    this.ports.set(options.connectionId, port)
    const note = (method: string, ...values: unknown[]): void => this.#note(method, ...values)
    return {
      addProducer: (...values) => note('addProducer', ...values),
      removeProducer: (...values) => note('removeProducer', ...values),
      addConsumer: (...values) => note('addConsumer', ...values),
      removeConsumer: (...values) => note('removeConsumer', ...values),
      setPrefetch: (...values) => note('setPrefetch', ...values),
      pull: (...values) => note('pull', ...values),
      addDestination: (...values) => note('addDestination', ...values),
      removeDestination: (...values) => note('removeDestination', ...values),
      begin: (...values) => note('begin', ...values),
      failTransaction: (...values) => note('failTransaction', ...values),
      dispatch: () => note('dispatch'),
      close: () => note('close', options.connectionId),
      send: (message, transactionId, done) => this.#later('send', done, message, transactionId),
      acknowledge: (acknowledgement, done) => this.#later('acknowledge', done, acknowledgement),
      commit: (id, done) => this.#later('commit', done, id),
      rollback: (id, done) => this.#later('rollback', done, id),
    }
  }

  publish(message: Message): void {
    this.published.push({ to: null, message })
  }

  publishTo(consumerId: string, message: Message): void {
    this.published.push({ to: consumerId, message })
  }

  destinations(): [] {
    return []
  }

  statistics(): [] {
    return []
  }

  memory(): { used: number; limit: number; blockedConnections: number } {
    return { used: 0, limit: 1, blockedConnections: 0 }
  }

  recover(): void {}
  stop(): void {}

  /** Arguments of all calls of a method. */
  of(method: string): readonly (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.arguments)
  }

  #later(method: string, done: Done, ...values: unknown[]): void {
    this.#note(method, ...values)
    if (this.holdsSends) this.waiting.push(done)
    else done()
  }

  #note(method: string, ...values: unknown[]): void {
    this.calls.push({ method, arguments: values })
    const refusal = this.refusals.get(method)
    if (refusal) throw refusal
  }
}

export interface ServiceParts {
  readonly service: SessionService
  readonly region: FakeRegion
  readonly clock: ManualClock
}

export function buildService(): ServiceParts {
  const clock = new ManualClock()
  const region = new FakeRegion()
  const identity = { brokerName: 'localhost', brokerId: 'ID:test-0:1', brokerUrl: 'tcp://test:61616' }
  const registry = new ConnectionRegistry(identity.brokerName)
  const limits = new LimitCounts(clock, silentLogger)
  const service = { identity, region, registry, advisories: { flush() {} }, limits, clock, logger: silentLogger }
  return { service, region, clock }
}

/** As a socket does it: the memory is used again as soon as the session returns. */
export function receiveBytes(session: OpenWireSession, bytes: Buffer): void {
  const shared = Buffer.from(bytes)
  session.receive(shared)
  shared.fill(0xee)
}

export class TestSession {
  readonly session: OpenWireSession
  readonly sent: Command[] = []
  readonly sentBytes: Buffer[] = []
  readonly dropReasons: string[] = []
  reading = true
  /** How the socket was closed. */
  closed: 'ended' | 'destroyed' | undefined
  /** Bytes that the peer does not take. */
  stuckBytes = 0
  takesBytes = true
  #codec = new OpenWireCodec(initialWireFormat)
  #theirs: WireFormatInfo | undefined
  #undecoded: Buffer[] = []
  #written = 0
  readonly #splitter = new FrameSplitter(2 ** 30)

  constructor(service: SessionService, wireFormat: Partial<WireFormatOptions> = {}) {
    this.session = new OpenWireSession({
      service,
      wireFormat: {
        ...defaultWireFormatOptions,
        tightEncodingEnabled: false,
        cacheEnabled: false,
        maxFrameSize: 1_000_000,
        ...wireFormat,
      },
      connection: {
        output: this.#output(),
        remoteAddress: 'tcp://10.0.0.7:51234',
        connectorName: 'openwire',
        dropped: (reason) => void this.dropReasons.push(reason),
      },
    })
    this.session.start()
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

  takeHex(): string {
    const hex = Buffer.concat(this.sentBytes).toString('hex')
    this.sentBytes.length = 0
    return hex
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

  #write(bytes: Buffer): void {
    this.sentBytes.push(bytes)
    this.#undecoded.push(bytes)
    this.#written += bytes.length
    if (!this.takesBytes) this.stuckBytes += bytes.length
    if (!this.#theirs) this.#decode()
  }

  #output(): SessionOutput {
    const output = {
      write: (bytes: Buffer) => this.#write(bytes),
      bufferedBytes: 0,
      sentBytes: 0,
      pauseReading: () => void (this.reading = false),
      resumeReading: () => void (this.reading = true),
      end: () => void (this.closed = 'ended'),
      destroy: () => void (this.closed = 'destroyed'),
    }
    Object.defineProperties(output, {
      bufferedBytes: { get: () => this.stuckBytes },
      sentBytes: { get: () => this.#written - this.stuckBytes },
    })
    return output
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
