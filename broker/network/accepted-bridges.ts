// Duplex bridges that other brokers dialled: shown beside those that this broker keeps up itself. Keeping them up is the other broker's
// affair, so they are known only as long as they live.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { NetworkBridgeSnapshot } from '../management/contract.ts'
import type { Bridge, BridgeListener, RemoteBroker } from './bridge.ts'

/** As the other broker said before there was a bridge. */
export interface AcceptedFrom {
  /** Name of the network connector at the other end. */
  readonly connector: string
  readonly remote: RemoteBroker
}

export type StartAcceptedBridge = (listener: BridgeListener) => Bridge

interface Accepted extends AcceptedFrom {
  bridge: Bridge | null
  state: 'Connecting' | 'Connected' | 'Over'
  since: string
}

export class AcceptedBridges {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #accepted = new Map<string, Accepted>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /**
   * Starts the bridge. An earlier one of the same broker and connector is stopped first: its connection is dead, though nobody here
   * has noticed it yet. What `start` throws is thrown, and there is no bridge.
   */
  accept(from: AcceptedFrom, start: StartAcceptedBridge): Bridge {
    const key = `${from.connector}@${from.remote.brokerId}`
    this.#accepted.get(key)?.bridge?.stop()
    const accepted: Accepted = { ...from, bridge: null, state: 'Connecting', since: this.#now() }
    this.#accepted.set(key, accepted)
    const bridge = this.#start(key, accepted, start)
    accepted.bridge = bridge
    return {
      get statistics() {
        return bridge.statistics
      },
      stop: () => {
        this.#forget(key, accepted)
        bridge.stop()
      },
    }
  }

  stop(): void {
    const all = [...this.#accepted.values()]
    this.#accepted.clear()
    for (const accepted of all) {
      accepted.state = 'Over'
      accepted.bridge?.stop()
    }
  }

  bridges(): NetworkBridgeSnapshot[] {
    return Array.from(this.#accepted.values(), snapshotOf)
  }

  #start(key: string, accepted: Accepted, start: StartAcceptedBridge): Bridge {
    try {
      return start({
        started: () => this.#started(accepted),
        ended: (reason) => this.#ended(key, accepted, reason),
      })
    } catch (error) {
      this.#forget(key, accepted)
      throw error
    }
  }

  #started(accepted: Accepted): void {
    if (accepted.state !== 'Connecting') return
    accepted.state = 'Connected'
    accepted.since = this.#now()
    this.#logger.info('Network bridge accepted', fieldsOf(accepted))
  }

  #ended(key: string, accepted: Accepted, reason: Error): void {
    if (accepted.state === 'Over') return
    this.#forget(key, accepted)
    this.#logger.warn('Accepted network bridge ended', { ...fieldsOf(accepted), reason: reason.message })
  }

  #forget(key: string, accepted: Accepted): void {
    accepted.state = 'Over'
    if (this.#accepted.get(key) === accepted) this.#accepted.delete(key)
  }

  #now(): string {
    return new Date(this.#clock.nowMs()).toISOString()
  }
}

const fieldsOf = ({ connector, remote }: Accepted): Readonly<Record<string, string>> => ({
  connector,
  remoteBroker: remote.brokerName,
  remoteBrokerId: remote.brokerId,
  remoteAddress: remote.address,
})

function snapshotOf({ connector, remote, bridge, state, since }: Accepted): NetworkBridgeSnapshot {
  return {
    connector,
    uri: remote.address,
    duplex: true,
    accepted: true,
    state: state === 'Connected' ? 'Connected' : 'Connecting',
    reason: null,
    remoteBrokerName: remote.brokerName,
    remoteBrokerId: remote.brokerId,
    remoteAddress: remote.address,
    since,
    restarts: 0,
    demandSubscriptions: bridge?.statistics.demandSubscriptions ?? 0,
    forwarded: bridge?.statistics.forwarded ?? 0,
    received: bridge?.statistics.received ?? 0,
  }
}
