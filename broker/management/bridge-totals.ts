// Bridges as Prometheus series. Accepted ones are not told apart by where they came from, which is another port each time.
import type { NetworkBridgeSnapshot } from './contract.ts'
import { maxBridgeLabels } from './limits.ts'

export interface BridgeTotals {
  readonly connector: string
  readonly uri: string
  /** Name; '' while none is known. */
  readonly remoteBroker: string
  readonly up: number
  readonly restarts: number
  readonly demandSubscriptions: number
  readonly forwarded: number
  readonly received: number
}

/** One row for each set of labels. Idle ones are left out: they are not up, and nobody should be woken for that. */
export function bridgeTotals(bridges: readonly NetworkBridgeSnapshot[]): BridgeTotals[] {
  const sums = new Map<string, BridgeTotals>()
  for (const bridge of bridges) {
    if (bridge.state === 'Idle') continue
    const { connector } = bridge
    const uri = bridge.accepted ? '(accepted)' : bridge.uri
    const remoteBroker = bridge.remoteBrokerName ?? ''
    const key = JSON.stringify([connector, uri, remoteBroker])
    const sum = sums.get(key)
    if (!sum && sums.size >= maxBridgeLabels) continue
    sums.set(key, {
      connector,
      uri,
      remoteBroker,
      up: Math.max(sum?.up ?? 0, bridge.state === 'Connected' ? 1 : 0),
      restarts: (sum?.restarts ?? 0) + bridge.restarts,
      demandSubscriptions: (sum?.demandSubscriptions ?? 0) + bridge.demandSubscriptions,
      forwarded: (sum?.forwarded ?? 0) + bridge.forwarded,
      received: (sum?.received ?? 0) + bridge.received,
    })
  }
  return [...sums.values()]
}
