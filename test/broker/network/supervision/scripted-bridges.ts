// Bridges that start and end when a test says so.
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import type { LogFields, Logger } from '../../../../broker/base/logger.ts'
import { parseEndpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import type { Bridge, BridgeListener, BridgeStatistics, RemoteBroker } from '../../../../broker/network/bridge.ts'
import type { BridgeTarget, ReconnectDelays } from '../../../../broker/network/discovery-uri.ts'
import type { StartBridge } from '../../../../broker/network/supervision/bridge-attempt.ts'

/** Delays are what they are configured to be. */
export const noJitter = { next: () => 0 }

export const defaultDelays: ReconnectDelays = {
  initialReconnectDelayMs: 1000,
  maxReconnectDelayMs: 30_000,
  useExponentialBackOff: true,
  backOffMultiplier: 2,
  maxReconnectAttempts: 0,
  minConnectTimeMs: 5000,
}

export const targetOf = (...uris: string[]): BridgeTarget => ({
  uri: uris.length === 1 ? uris[0]! : `masterslave:(${uris.join(',')})`,
  endpoints: uris.map((uri) => parseEndpoint(uri)),
  randomize: false,
})

export const remoteOf = (name: string): RemoteBroker => ({
  brokerName: name,
  brokerId: `ID:${name}`,
  brokerUrl: `tcp://${name}:61616`,
  address: `tcp://${name}:61616`,
})

export class ScriptedBridge implements Bridge {
  readonly uri: string
  readonly dialledMs: number
  statistics: BridgeStatistics = { demandSubscriptions: 0, forwarded: 0, received: 0 }
  stopped = false
  readonly #listener: BridgeListener

  constructor(uri: string, dialledMs: number, listener: BridgeListener) {
    this.uri = uri
    this.dialledMs = dialledMs
    this.#listener = listener
  }

  stop(): void {
    this.stopped = true
  }

  start(name: string): void {
    this.#listener.started(remoteOf(name))
  }

  end(reason: Error | string = 'lost'): void {
    this.#listener.ended(typeof reason === 'string' ? new Error(reason) : reason)
  }
}

export class ScriptedBridges {
  readonly clock = new ManualClock()
  readonly bridges: ScriptedBridge[] = []
  /** What becomes of a bridge while it is being made. */
  atOnce: ((bridge: ScriptedBridge) => void) | null = null

  readonly startBridge: StartBridge = ({ uri }, listener) => {
    const bridge = new ScriptedBridge(uri, this.clock.monotonicMs(), listener)
    this.bridges.push(bridge)
    this.atOnce?.(bridge)
    return bridge
  }

  get last(): ScriptedBridge {
    return this.bridges.at(-1)!
  }

  /** Of those that were made since the last call: whom they dialled. */
  takeDialled(): string[] {
    const dialled = this.bridges.slice(this.#taken).map(({ uri }) => uri)
    this.#taken = this.bridges.length
    return dialled
  }

  /** How long it takes until somebody is dialled next. */
  untilDialled(limitMs = 200_000): number {
    const before = this.bridges.length
    const startMs = this.clock.monotonicMs()
    while (this.bridges.length === before && this.clock.monotonicMs() - startMs < limitMs) this.clock.advance(1)
    return this.clock.monotonicMs() - startMs
  }

  #taken = 0
}

export class LogLines implements Logger {
  readonly lines: [level: string, message: string, fields: LogFields | undefined][] = []

  debug(): void {}

  info(message: string, fields?: LogFields): void {
    this.lines.push(['info', message, fields])
  }

  warn(message: string, fields?: LogFields): void {
    this.lines.push(['warn', message, fields])
  }

  error(message: string, fields?: LogFields): void {
    this.lines.push(['error', message, fields])
  }

  child(): Logger {
    return this
  }

  get messages(): string[] {
    return this.lines.map(([, message]) => message)
  }
}
