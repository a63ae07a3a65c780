// Why a drain does not go on, in one sentence for whoever is woken by it.
import type { NetworkBridgeSnapshot } from '../../management/contract.ts'
import type { DrainingBridge } from './drain-flow.ts'
import { namedBridges, stalledAfterMs } from './limits.ts'

export interface DrainState {
  readonly remaining: number
  readonly bridges: readonly Pick<NetworkBridgeSnapshot, 'uri' | 'state' | 'reason'>[]
  readonly draining: Iterable<DrainingBridge>
  /** Since a message was taken by another broker, or the drain began. */
  readonly stalledMs: number
}

/** null: it goes on, or has nothing to do. */
export function drainReason({ remaining, bridges, draining, stalledMs }: DrainState): string | null {
  if (remaining === 0) return null
  if (!bridges.some(({ state }) => state === 'Connected')) return `No other broker is reached: ${unreached(bridges)}`
  if (stalledMs < stalledAfterMs) return null
  const forMs = `for ${Math.floor(stalledMs / 1000)} s`
  const all = [...draining]
  const refusing = all.find(({ refusal }) => refusal !== null)
  if (refusing)
    return `${refusing.brokerName} refuses ${messages(refusing.refused)}, the last time ${refusing.refusal}; it is asked again`
  const silent = all.find(({ underWay }) => underWay > 0)
  if (silent)
    return `${silent.brokerName} has answered none of ${messages(silent.underWay)} ${forMs}: its memory or its store may be full, or it has no store and answers when they are consumed there`
  return `${messages(remaining)} wait and nothing is forwarded ${forMs}: the log of this broker may say why`
}

function unreached(bridges: DrainState['bridges']): string {
  const named = bridges.slice(0, namedBridges).map(({ uri, reason }) => {
    if (reason === null) return `${uri} is being dialled`
    return reason.includes(uri) ? reason : `${uri}: ${reason}`
  })
  const others = bridges.length - named.length
  return others > 0 ? `${named.join('; ')}; and ${others} more` : named.join('; ')
}

const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`)
