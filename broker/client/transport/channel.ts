// The ports between the parts of the client: one socket (Channel), and what survives sockets (Transport).
import type {
  Command,
  DataArrayResponse,
  DataResponse,
  ExceptionResponse,
  IntegerResponse,
  Response,
} from '../../wire/openwire/commands.ts'
import type { WireFormat } from '../../wire/openwire/wire-format.ts'
import type { Endpoint } from './parse-broker-url.ts'

export interface ChannelListener {
  /** Wire formats are exchanged: commands can be sent. At most once, before everything else. */
  connected(): void
  /** Sees a frame, without its size, before it is decoded; true when it needs no more. It is a view, for the call only. */
  frame?(frame: Buffer): boolean
  command(command: Command): void
  /** The end, exactly once, unless `close` was called before. */
  failed(error: Error): void
}

export interface Channel {
  readonly endpoint: Endpoint
  /** What both agreed on; only after `connected`. */
  readonly format: WireFormat
  /** Only after `connected`; ignored after the end. */
  send(command: Command): void
  /** A frame without its size, encoded in `format`; under the same conditions. Not to be changed any more. */
  sendFrame(frame: Buffer): void
  /** Resolves when the socket takes more; null when it does already. */
  drained(): Promise<void> | null
  /** Reads nothing more until `resume`. What was read before may still come. */
  pause(): void
  resume(): void
  /** Sends what was given and closes. The listener hears no more. */
  close(): void
}

/** Starts to connect; the listener hears the outcome, never during the call. */
export type Dial = (endpoint: Endpoint, listener: ChannelListener) => Channel

/** Reads a comma list of URIs from a file or URL. */
export type LoadUriList = (location: string) => Promise<string>

export interface TransportListener {
  command(command: Command): void
  /** The connection is lost; another one is being looked for. */
  interrupted(uri: string, error: Error): void
  /** There is a connection again; what the broker has to know has been written. */
  resumed(uri: string): void
  /** There is none, and none is being looked for. */
  failed(error: Error): void
}

export interface Transport {
  readonly faultTolerant: boolean
  /** Resolves when there is a connection for the first time. */
  connect(listener: TransportListener): Promise<void>
  /**
   * Writes in the order of the calls; while there is no connection, keeps until there is one. Resolves when the socket
   * takes more. Rejects when the command will not be written.
   */
  send(command: Command): Promise<void>
  close(): void
}

type AnyResponse = Response | ExceptionResponse | DataResponse | DataArrayResponse | IntegerResponse

export const isResponse = (command: Command): command is AnyResponse =>
  'correlationId' in command && command.kind.endsWith('Response')
