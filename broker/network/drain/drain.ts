// A broker that leaves its network for good: clients and other brokers are cut off, and what its queues have goes to others. It may be
// called off at any time, and then everything is as configured.
//
//   taking part ──begin──► leaving: no client is let in or read any more, bridges get nothing more of queues, and whatever is under way is
//        ▲                    │     answered; then all connections are cut
//        │                    ▼
//        └─────end────── draining: a bridge for each URI, and nothing else, until it is called off or the broker ends; called off, what is
//                             under way is answered first
//
// What was asked for last is what it comes to. It neither says when a broker should leave, nor whether its end would lose anything: it
// counts what is left.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { DrainSnapshot, NetworkBridgeSnapshot } from '../../management/contract.ts'
import type { Region } from '../../region/region.ts'
import type { DiscoveryUri } from '../discovery-uri.ts'
import type { Network } from '../network.ts'
import type { NetworkConnector } from '../supervision/network-connector.ts'
import { DrainFlow } from './drain-flow.ts'
import { drainReason } from './drain-reason.ts'
import { answeredWithinMs, answerPollMs, lookMs } from './limits.ts'

/** Where messages go: brokers that are named. */
export interface DrainTarget {
  readonly uri: string
  readonly discovery: Extract<DiscoveryUri, { kind: 'static' }>
}

/** A transport connector. */
export interface LeavingConnector {
  /** Lets nobody in, and reads nothing more of clients, or of other brokers either. */
  quiesce(whom: 'clients' | 'all'): void
  close(): Promise<void>
  open(): Promise<void>
}

export type BuildDrainConnector = (target: DrainTarget, flow: DrainFlow) => NetworkConnector

export interface DrainParts {
  readonly region: Pick<Region, 'held' | 'forwarding' | 'holdBridges' | 'keptElsewhere' | 'setDraining' | 'whenDurable'>
  readonly network: Pick<Network, 'start' | 'stop'>
  readonly connectors: readonly LeavingConnector[]
  readonly connectorTo: BuildDrainConnector
  /** It has begun or ended, or nothing is left, or something again. */
  readonly changed: () => void
  readonly clock: Clock
  readonly logger: Logger
}

export class Drain {
  readonly #parts: DrainParts
  readonly #flow = new DrainFlow()
  /** By URI; not empty only while it drains. */
  readonly #bridges = new Map<string, NetworkConnector>()
  /** null: it is to take part. */
  #wanted: readonly DrainTarget[] | null = null
  #phase: 'taking part' | 'leaving' | 'draining' = 'taking part'
  #since = ''
  /** One step after the other. */
  #turn: Promise<void> = Promise.resolve()
  #stopped = false
  #look: Timer | null = null
  #isEmpty = false
  #forwarded = 0
  #forwardedAtMs = 0

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  /** Also while it leaves, and while it is on its way back. */
  get isDraining(): boolean {
    return this.#wanted !== null || this.#phase !== 'taking part'
  }

  /** From now on, to these. Does not wait until clients are cut off. */
  begin(targets: readonly DrainTarget[]): void {
    if (this.#stopped) return
    const { clock, logger, changed } = this.#parts
    const isNew = !this.isDraining
    if (isNew) this.#since = new Date(clock.nowMs()).toISOString()
    if (!isNew && isSame(targets, this.#wanted)) return
    this.#wanted = targets
    logger.info('Drains: its queues go to others', { to: targets.map(({ uri }) => uri) })
    this.#next(() => this.#follow()).catch((error: unknown) =>
      logger.error('Cannot drain', { reason: errorMessage(error) }),
    )
    if (isNew) changed()
  }

  /** Resolves when it takes part again; rejects when it cannot, and goes on to drain then. */
  async end(): Promise<void> {
    if (this.#stopped || !this.isDraining) return
    const { logger } = this.#parts
    const before = this.#wanted
    this.#wanted = null
    try {
      await this.#next(() => this.#follow())
      if (this.#stopped) throw new Error(beingStopped)
      logger.info('Does not drain any more')
    } catch (error) {
      logger.error('Cannot take part again', { reason: errorMessage(error) })
      this.#wanted ??= before
      await this.#next(() => this.#follow())
      throw error
    }
  }

  /** The broker ends: what has to be put in order by then is when this resolves. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#look?.cancel()
    for (const connector of this.#bridges.values()) connector.stop()
    return this.#turn
  }

  snapshot(): DrainSnapshot | undefined {
    if (!this.isDraining) return undefined
    const { region, clock } = this.#parts
    const remaining = this.#remaining()
    return {
      to: this.#wanted?.map(({ uri }) => uri) ?? [...this.#bridges.keys()],
      since: this.#since,
      messagesRemaining: remaining,
      messagesOfSubscriptions: region.held().ofSubscriptions,
      reason:
        this.#phase === 'draining'
          ? drainReason({
              remaining,
              bridges: this.bridges(),
              draining: this.#flow.bridges,
              stalledMs: clock.monotonicMs() - this.#forwardedAtMs,
            })
          : null,
    }
  }

  bridges(): NetworkBridgeSnapshot[] {
    return [...this.#bridges.values()].flatMap((connector) => connector.bridges())
  }

  /** As long as somebody may be connected, nobody knows what else comes. */
  #remaining(): number {
    const { ofQueues } = this.#parts.region.held()
    return this.#phase === 'draining' ? ofQueues : Math.max(1, ofQueues)
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step)
    this.#turn = done.catch(() => {})
    return done
  }

  async #follow(): Promise<void> {
    if (this.#stopped) return
    if (this.#wanted === null) {
      if (this.#phase !== 'taking part') await this.#takePart()
      return
    }
    if (this.#phase === 'taking part') await this.#leave()
    if (this.#wanted !== null) this.#forward(this.#wanted)
  }

  async #leave(): Promise<void> {
    const { connectors, network, region } = this.#parts
    this.#phase = 'leaving'
    region.holdBridges()
    await this.#quiesce('clients')
    await this.#answeredByOthers()
    await this.#quiesce('all')
    if (this.#stopped) return
    this.#flow.keptElsewhere = region.keptElsewhere()
    // Before the bridges of the network, of which clients would be told that they cannot go there any more.
    const closed = connectors.map((connector) => connector.close())
    network.stop()
    region.setDraining(true)
    await Promise.all(closed)
    if (this.#stopped) return
    this.#phase = 'draining'
    this.#forwardedAtMs = this.#parts.clock.monotonicMs()
    this.#lookLater()
  }

  async #quiesce(whom: 'clients' | 'all'): Promise<void> {
    if (this.#stopped) return
    for (const connector of this.#parts.connectors) connector.quiesce(whom)
    await this.#answered()
  }

  /** What another broker has got may not go to a third one; and what waits for durable subscribers there has no other way. */
  async #answeredByOthers(): Promise<void> {
    const { region, clock } = this.#parts
    const deadlineMs = clock.monotonicMs() + answeredWithinMs
    while (!this.#stopped && region.forwarding() > 0 && clock.monotonicMs() < deadlineMs)
      await new Promise<void>((resolve) => clock.after(answerPollMs, resolve))
  }

  /** Who has sent something would send it again, to another broker: also a broker whose message will go back to it. */
  #answered(): Promise<void> {
    const { region, clock } = this.#parts
    return new Promise((resolve) => {
      const timer = clock.after(answeredWithinMs, resolve)
      region.whenDurable(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #forward(targets: readonly DrainTarget[]): void {
    if (this.#stopped) return
    const uris = new Set(targets.map(({ uri }) => uri))
    for (const [uri, connector] of this.#bridges)
      if (!uris.has(uri)) {
        connector.stop()
        this.#bridges.delete(uri)
      }
    for (const target of targets) {
      if (this.#bridges.has(target.uri)) continue
      const connector = this.#parts.connectorTo(target, this.#flow)
      this.#bridges.set(target.uri, connector)
      connector.start()
    }
  }

  async #takePart(): Promise<void> {
    const { connectors, network, region, changed } = this.#parts
    // What the other broker has got, and has not answered, would be here again as well.
    region.holdBridges()
    await this.#answeredByOthers()
    if (this.#stopped) throw new Error(beingStopped)
    this.#forward([])
    const opened: LeavingConnector[] = []
    try {
      for (const connector of connectors) {
        await connector.open()
        opened.push(connector)
        if (this.#stopped) throw new Error(beingStopped)
      }
    } catch (error) {
      await Promise.all(opened.map((connector) => connector.close()))
      throw error
    }
    this.#look?.cancel()
    this.#phase = 'taking part'
    this.#isEmpty = false
    region.setDraining(false)
    network.start()
    changed()
  }

  #lookLater(): void {
    this.#look = this.#parts.clock.after(lookMs, () => {
      this.#lookOnce()
      this.#lookLater()
    })
  }

  #lookOnce(): void {
    const { clock, changed, logger } = this.#parts
    const isEmpty = this.#remaining() === 0
    if (isEmpty || this.#forwarded !== this.#flow.forwarded) this.#forwardedAtMs = clock.monotonicMs()
    this.#forwarded = this.#flow.forwarded
    if (isEmpty === this.#isEmpty) return
    this.#isEmpty = isEmpty
    if (isEmpty) logger.info('Drained: other brokers have all that its queues had', { forwarded: this.#forwarded })
    changed()
  }
}

const beingStopped = 'The broker is being stopped'

function isSame(targets: readonly DrainTarget[], others: readonly DrainTarget[] | null): boolean {
  const known = new Set(others?.map(({ uri }) => uri))
  return targets.length === known.size && targets.every(({ uri }) => known.has(uri))
}
