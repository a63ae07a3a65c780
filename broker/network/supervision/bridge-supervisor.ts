// Keeps one bridge up, to one broker or to whichever of several is active. It dials them in their order; and when none answers, or the
// bridge ends, for whatever reason and in whatever state, it waits and begins anew. What a bridge does is none of its business.
//
//         start                     started
//   Idle ──────► Connecting ───────────────────► Connected
//    ▲            │  ▲   │ none of them              │ ended
//    │   nothing  │  │   └────────► Down ◄───────────┘
//    │  to bridge │  └───────────────┘ after a delay; never, when that was often enough
//    └────────────┘
//
// Idle: it is stopped; or who was found is this broker itself, or has a bridge of this connector already. Then it looks again
// from time to time, because what is behind an address changes.
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { Endpoint } from '../../client/transport/parse-broker-url.ts'
import { planCandidates } from '../../client/transport/reconnect-plan.ts'
import type { NetworkBridgeFailure, NetworkBridgeSnapshot, NetworkBridgeState } from '../../management/contract.ts'
import { failureOf, NothingToBridge, type RemoteBroker } from '../bridge.ts'
import type { BridgeTarget, ReconnectDelays } from '../discovery-uri.ts'
import { BridgeAttempt, type StartBridge } from './bridge-attempt.ts'
import type { BridgedBrokers, BridgeHolder } from './bridged-brokers.ts'
import { firstTryMs, longestTryMs, patience, restMs, startTimeoutMs } from './limits.ts'
import { RetryDelays, withJitter } from './retry-delays.ts'

export interface SupervisorParts {
  /** Name of the connector. */
  readonly connector: string
  readonly duplex: boolean
  readonly target: BridgeTarget
  readonly reconnect: ReconnectDelays
  readonly startBridge: StartBridge
  /** There is a bridge, or there is none any more. */
  readonly onChange: () => void
  /** Those that the connector's other supervisors have bridges to. */
  readonly bridged: BridgedBrokers
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export class BridgeSupervisor implements BridgeHolder {
  readonly #parts: SupervisorParts
  readonly #delays: RetryDelays
  readonly #logger: Logger
  #running = false
  #state: NetworkBridgeState = 'Idle'
  #since: string
  #reason: string | null = null
  /** What kind of reason that is. */
  #failure: NetworkBridgeFailure | null = null
  #remote: RemoteBroker | null = null
  #attempt: BridgeAttempt | null = null
  #retry: Timer | null = null
  /** Of this round. */
  #untried: Endpoint[] = []
  #failures: Error[] = []
  /** Rounds in vain since there was a bridge. */
  #roundsInVain = 0
  #lostUri: string | null = null
  #dialledAtMs = 0
  /** The last bridge; null before the first one. */
  #startedInMs: number | null = null
  #connectedAtMs = 0
  #bridges = 0
  /** Of bridges that have ended. */
  #forwarded = 0
  #received = 0
  /** What the log was told last, of this outage. */
  #told: string | null = null
  #withdrawn: (() => void) | null = null

  constructor(parts: SupervisorParts) {
    const { target, reconnect, random, connector, clock, logger } = parts
    this.#parts = parts
    this.#delays = new RetryDelays(reconnect, target.endpoints.length > 1, random)
    this.#logger = logger.child({ connector, uri: target.uri })
    this.#since = new Date(clock.nowMs()).toISOString()
  }

  get uri(): string {
    return this.#parts.target.uri
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#delays.reset()
    this.#roundsInVain = 0
    this.#told = null
    this.#beginRound()
  }

  stop(): void {
    if (!this.#running) return
    this.#running = false
    this.#withdrawn = null
    this.#stopWaiting()
    const attempt = this.#attempt
    this.#attempt = null
    if (attempt) {
      this.#leave(attempt)
      attempt.stop()
    }
    if (this.#state === 'Connected') this.#logger.info('Network bridge ended', { reason: 'stopped' })
    this.#failure = null
    this.#enter('Idle', 'stopped')
  }

  /**
   * Nobody is to be dialled any more, but a bridge that there is stays: who was found by datagrams is not gone because some were
   * lost. `over` is called when it is stopped, at once where there is no bridge, unless it is to go on before that.
   */
  withdraw(over: () => void): void {
    if (this.#state === 'Connected') {
      this.#withdrawn = over
      return
    }
    this.stop()
    over()
  }

  /** Whom it is to reach is there again. */
  goOn(): void {
    this.#withdrawn = null
  }

  snapshot(): NetworkBridgeSnapshot {
    const { connector, duplex } = this.#parts
    const statistics = this.#attempt?.statistics
    return {
      connector,
      uri: this.uri,
      duplex,
      accepted: false,
      state: this.#state,
      reason: this.#reason,
      failure: this.#failure,
      remoteBrokerName: this.#remote?.brokerName ?? null,
      remoteBrokerId: this.#remote?.brokerId ?? null,
      remoteAddress: this.#remote?.address ?? null,
      since: this.#since,
      restarts: Math.max(0, this.#bridges - 1),
      demandSubscriptions: statistics?.demandSubscriptions ?? 0,
      forwarded: this.#forwarded + (statistics?.forwarded ?? 0),
      received: this.#received + (statistics?.received ?? 0),
    }
  }

  #beginRound(): void {
    const { target, random } = this.#parts
    this.#stopWaiting()
    // Where there was a bridge last, there is none now: with several brokers another one will have taken over.
    this.#untried = planCandidates(
      {
        updated: [],
        configured: target.endpoints,
        failedUri: this.#lostUri,
        randomize: target.randomize,
        priorityUris: [],
      },
      random,
    )
    this.#failures = []
    this.#enter('Connecting', this.#reason)
    this.#dialNext()
  }

  #dialNext(): void {
    const { startBridge, clock } = this.#parts
    const endpoint = this.#untried.shift()
    if (!endpoint) return this.#endRound()
    const attempt = new BridgeAttempt(endpoint, {
      started: (remote) => this.#started(attempt, remote),
      ended: (reason) => this.#ended(attempt, reason),
    })
    this.#attempt = attempt
    this.#dialledAtMs = clock.monotonicMs()
    attempt.dial(startBridge, clock, this.#startWithinMs())
  }

  #startWithinMs(): number {
    if (this.#parts.target.endpoints.length === 1) return startTimeoutMs
    const isKnown = this.#startedInMs !== null && this.#delays.isHurried(this.#parts.clock.monotonicMs())
    const enoughMs = isKnown ? this.#startedInMs! * patience : firstTryMs * 2 ** this.#roundsInVain
    return Math.min(Math.max(enoughMs, firstTryMs), longestTryMs)
  }

  #started(attempt: BridgeAttempt, remote: RemoteBroker): void {
    const { bridged, clock } = this.#parts
    const holder = bridged.claim(remote.brokerId, this)
    if (holder) {
      attempt.stop()
      this.#attempt = null
      bridged.await(remote.brokerId, this, () => this.#beginSoon())
      return this.#failed(
        new NothingToBridge(`${remote.address} is ${remote.brokerName}, which is bridged by ${holder.uri}`),
      )
    }
    this.#remote = remote
    this.#bridges++
    this.#roundsInVain = 0
    this.#told = null
    this.#connectedAtMs = clock.monotonicMs()
    this.#startedInMs = this.#connectedAtMs - this.#dialledAtMs
    this.#enter('Connected', this.#reason)
    this.#logger.info('Network bridge started', {
      remoteBroker: remote.brokerName,
      remoteBrokerId: remote.brokerId,
      remoteAddress: remote.address,
    })
  }

  #ended(attempt: BridgeAttempt, reason: Error): void {
    const { clock, reconnect } = this.#parts
    this.#attempt = null
    if (this.#state !== 'Connected') return this.#failed(reason)
    this.#leave(attempt)
    this.#lostUri = attempt.endpoint.uri
    this.#failure = failureOf(reason)
    const connectedMs = Math.round(clock.monotonicMs() - this.#connectedAtMs)
    if (connectedMs >= reconnect.minConnectTimeMs) this.#delays.reset()
    this.#logger.warn('Network bridge ended', { reason: reason.message, connectedMs })
    const over = this.#withdrawn
    if (over) {
      this.#enter('Down', reason.message)
      this.stop()
      over()
    } else if (reason instanceof NothingToBridge) this.#rest(reason.message)
    else this.#retryLater(reason.message)
  }

  /** One of them; there may be others. */
  #failed(reason: Error): void {
    this.#failures.push(reason)
    this.#dialNext()
  }

  #endRound(): void {
    const reason = [...new Set(this.#failures.map(({ message }) => message))].join('; ')
    // Standbys take no connections at all: whoever says more than that tells what has to be mended.
    this.#failure = this.#failures.map(failureOf).find((failure) => failure !== null) ?? null
    if (this.#failures.some((failure) => failure instanceof NothingToBridge)) return this.#rest(reason)
    this.#roundsInVain++
    this.#tell('warn', 'Cannot start network bridge', reason)
    this.#retryLater(reason)
  }

  #retryLater(reason: string): void {
    const { clock } = this.#parts
    const delayMs = this.#delays.next(clock.monotonicMs())
    if (delayMs === null) {
      this.#logger.error('Network bridge given up: maxReconnectAttempts is reached', { reason })
      return this.#enter('Down', `given up after maxReconnectAttempts: ${reason}`)
    }
    this.#enter('Down', reason)
    this.#retry = clock.after(delayMs, () => this.#beginRound())
  }

  #rest(reason: string): void {
    const { clock, random } = this.#parts
    this.#tell('info', 'Nothing to bridge', reason)
    this.#enter('Idle', reason)
    this.#retry = clock.after(withJitter(restMs, random), () => this.#beginRound())
  }

  /** The one that had the bridge to the same broker has lost it. Not from within its call: it has things to put in order. */
  #beginSoon(): void {
    if (this.#state !== 'Idle') return
    this.#stopWaiting()
    this.#retry = this.#parts.clock.after(0, () => this.#beginRound())
  }

  #stopWaiting(): void {
    this.#retry?.cancel()
    this.#retry = null
    this.#parts.bridged.forget(this)
  }

  #leave(attempt: BridgeAttempt): void {
    const { forwarded, received } = attempt.statistics
    this.#forwarded += forwarded
    this.#received += received
    this.#parts.bridged.release(this)
  }

  /** What fails each few seconds for the same reason is told once. */
  #tell(level: 'info' | 'warn', message: string, reason: string): void {
    this.#logger[reason === this.#told ? 'debug' : level](message, { reason })
    this.#told = reason
  }

  #enter(state: NetworkBridgeState, reason: string | null): void {
    this.#reason = reason
    if (state === this.#state) return
    const isNews = (state === 'Connected') !== (this.#state === 'Connected')
    this.#state = state
    this.#since = new Date(this.#parts.clock.nowMs()).toISOString()
    // Not each attempt: there may be ten in a second.
    if (isNews) this.#parts.onChange()
  }
}
