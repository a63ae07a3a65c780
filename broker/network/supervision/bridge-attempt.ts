// One bridge from dialling to its end, and no longer than it may take to start. Whatever the bridge does, in whichever order, and be
// it while it is still being made: the listener hears at most once that it started, then at most once that it ended, and nothing
// after `stop`.
import type { Clock, Timer } from '../../base/clock.ts'
import { isError } from '../../base/errors.ts'
import type { Endpoint } from '../../client/transport/parse-broker-url.ts'
import type { Bridge, BridgeListener, BridgeStatistics, RemoteBroker } from '../bridge.ts'

/** Dials. What goes wrong is told to the listener, from within this call or later. */
export type StartBridge = (endpoint: Endpoint, listener: BridgeListener) => Bridge

const nothingYet: BridgeStatistics = { demandSubscriptions: 0, forwarded: 0, received: 0 }

export class BridgeAttempt {
  readonly endpoint: Endpoint
  readonly #listener: BridgeListener
  #state: 'Dialling' | 'Started' | 'Over' = 'Dialling'
  #bridge: Bridge | null = null
  #timer: Timer | null = null
  #stopped = false

  constructor(endpoint: Endpoint, listener: BridgeListener) {
    this.endpoint = endpoint
    this.#listener = listener
  }

  get statistics(): BridgeStatistics {
    return this.#bridge?.statistics ?? nothingYet
  }

  dial(startBridge: StartBridge, clock: Clock, startWithinMs: number): void {
    this.#timer = clock.after(startWithinMs, () => this.#giveUp(startWithinMs))
    try {
      this.#bridge = startBridge(this.endpoint, {
        started: (remote) => this.#started(remote),
        ended: (reason) => this.#ended(reason),
      })
    } catch (error) {
      this.#ended(isError(error) ? error : new Error(String(error)))
    }
    // It was not there yet when it was to be stopped.
    if (this.#stopped) this.#bridge?.stop()
  }

  /** Nothing is heard of it any more. */
  stop(): void {
    if (this.#state === 'Over') return
    this.#over()
    this.#stopped = true
    this.#bridge?.stop()
  }

  #started(remote: RemoteBroker): void {
    if (this.#state !== 'Dialling') return
    this.#state = 'Started'
    this.#timer?.cancel()
    this.#listener.started(remote)
  }

  #ended(reason: Error): void {
    if (this.#state === 'Over') return
    this.#over()
    this.#listener.ended(reason)
  }

  #giveUp(startWithinMs: number): void {
    this.stop()
    this.#listener.ended(new Error(`${this.endpoint.uri} has neither bridged nor failed within ${startWithinMs} ms`))
  }

  #over(): void {
    this.#state = 'Over'
    this.#timer?.cancel()
  }
}
