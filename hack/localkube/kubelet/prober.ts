// One probe of one container: when to run it, and what its results add up to. Runs on the clock; how a probe is carried
// out is passed in. A network probe that has never succeeded is also tried between its periods, silently: a container
// is seen ready as soon as it is, while failures are counted at the pace that the spec asks for.
import type { Clock, Timer } from '../base/clock.ts'
import {
  defaultFailureThreshold,
  defaultProbePeriodSeconds,
  eagerProbePeriodMs,
  eagerProbeSpanMs,
  firstCountedProbeMs,
} from './limits.ts'

export interface ProbeSpec {
  httpGet?: {
    path?: string
    port: number | string
    host?: string
    scheme?: string
    httpHeaders?: { name: string; value: string }[]
  }
  tcpSocket?: { port: number | string; host?: string }
  exec?: { command: string[] }
  grpc?: { port: number }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  successThreshold?: number
  failureThreshold?: number
  terminationGracePeriodSeconds?: number
}

export interface ProbeResult {
  readonly success: boolean
  /** Why it failed. */
  readonly message: string
}

interface ProberOptions {
  readonly spec: ProbeSpec
  readonly clock: Clock
  /** When the container started: initialDelaySeconds counts from there. */
  readonly startedMs: number
  run(): Promise<ProbeResult>
  /** A threshold was reached: from now on the container counts as this. Repeated only after a change. */
  onVerdict(success: boolean, message: string): void
  /** Every counted failure. */
  onFailure(message: string): void
}

export class Prober {
  readonly #options: ProberOptions
  readonly #periodMs: number
  #successes = 0
  #failures = 0
  #succeededOnce = false
  #verdict: boolean | undefined
  #timer: Timer | undefined
  #nextCountedMs: number
  #stopped = false

  constructor(options: ProberOptions) {
    this.#options = options
    this.#periodMs = (options.spec.periodSeconds ?? defaultProbePeriodSeconds) * 1000
    const dueMs = options.startedMs + (options.spec.initialDelaySeconds ?? 0) * 1000
    const firstMs = Math.max(dueMs, options.clock.nowMs())
    this.#nextCountedMs = options.spec.exec ? firstMs : firstMs + Math.min(firstCountedProbeMs, this.#periodMs)
    this.#schedule(firstMs)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #schedule(atMs: number): void {
    if (this.#stopped) return
    const waitMs = Math.max(0, atMs - this.#options.clock.nowMs())
    this.#timer = this.#options.clock.after(waitMs, () => void this.#probe())
  }

  async #probe(): Promise<void> {
    const counted = this.#options.clock.nowMs() >= this.#nextCountedMs
    if (counted) this.#nextCountedMs = this.#options.clock.nowMs() + this.#periodMs
    const result = await this.#options.run()
    if (this.#stopped) return
    if (result.success) this.#succeed()
    else if (counted) this.#fail(result.message)
    this.#schedule(this.#nextMs())
  }

  #nextMs(): number {
    const sinceStartMs = this.#options.clock.nowMs() - this.#options.startedMs
    const eager = !this.#succeededOnce && !this.#options.spec.exec && sinceStartMs < eagerProbeSpanMs
    return eager ? Math.min(this.#nextCountedMs, this.#options.clock.nowMs() + eagerProbePeriodMs) : this.#nextCountedMs
  }

  #succeed(): void {
    this.#succeededOnce = true
    this.#failures = 0
    this.#successes += 1
    if (this.#successes >= (this.#options.spec.successThreshold ?? 1)) this.#decide(true, '')
  }

  #fail(message: string): void {
    this.#successes = 0
    this.#failures += 1
    this.#options.onFailure(message)
    if (this.#failures >= (this.#options.spec.failureThreshold ?? defaultFailureThreshold)) this.#decide(false, message)
  }

  #decide(success: boolean, message: string): void {
    if (this.#verdict === success || this.#stopped) return
    this.#verdict = success
    this.#options.onVerdict(success, message)
  }
}
