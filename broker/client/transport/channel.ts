// The ports between the parts of the client: one socket (Channel), and what survives sockets (Transport).
import type {
  Command,
  DataArrayResponse,
  DataResponse,
  ExceptionResponse,
  IntegerResponse,
  Response,
} from '../../wire/openwire/commands.ts'
import type { Endpoint } from './parse-broker-url.ts'

export interface ChannelListener {
  /** Wire formats are exchanged: commands can be sent. At most once, before everything else. */
  connected(): void
  command(command: Command): void
  /** The end, exactly once, unless `close` was called before. */
  failed(error: Error): void
}

export interface Channel {
  readonly endpoint: Endpoint
  /** Only after `connected`; ignored after the end. */
  send(command: Command): void
  /** Resolves when the socket takes more; null when it does already. */
  drained(): Promise<void> | null
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
