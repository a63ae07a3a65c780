// A bridge as those see it who keep one up (supervisor) or show it (admin port). A bridge has one connection and one life: it
// is started once, and when it has ended another one is made. demand-forwarding-bridge.ts is what it does.
import { errorCode } from '../base/errors.ts'
import type { NetworkBridgeFailure } from '../management/contract.ts'

/** The broker at the other end, as it said itself. */
export interface RemoteBroker {
  readonly brokerName: string
  readonly brokerId: string
  /** What it tells others to dial; '' when it does not say. */
  readonly brokerUrl: string
  /** `tcp://10.0.0.7:61616`: what is connected with. */
  readonly address: string
}

export interface BridgeListener {
  /** Both know each other and demand is being asked for. At most once. */
  started(remote: RemoteBroker): void
  /** Exactly once, unless `stop` was called before: the connection is closed, what was not answered is back in its queues. */
  ended(reason: Error): void
}

export interface BridgeStatistics {
  readonly demandSubscriptions: number
  readonly forwarded: number
  readonly received: number
}

/** What of an end is about the configuration: see NetworkBridgeSnapshot. Null: anything else. */
export function failureOf(reason: Error): NetworkBridgeFailure | null {
  const code = errorCode(reason)
  return code === 'USER_REFUSED' ? 'AuthenticationFailed' : code === 'TLS_FAILED' ? 'TLSFailed' : null
}

export interface Bridge {
  readonly statistics: BridgeStatistics
  /** Closes the connection; what was not answered goes back into its queues. The listener hears no more. */
  stop(): void
}

/** Ends quietly: there is nothing to be bridged, or no more. The supervisor does not try again until something changes. */
export class NothingToBridge extends Error {
  override readonly name = 'NothingToBridge'
}
