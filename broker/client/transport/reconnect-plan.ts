// When and where a failover client connects next, as ActiveMQ's FailoverTransport. Pure: values in, values out.
import type { Random } from '../../base/random.ts'
import type { FailoverOptions } from './transport-options.ts'
import type { Endpoint } from './parse-broker-url.ts'

/** The pause before the round that follows `failedRounds` (from 1) in vain. */
export function reconnectDelayMs(options: FailoverOptions, failedRounds: number): number {
  const { initialReconnectDelay, maxReconnectDelay, useExponentialBackOff, reconnectDelayExponent } = options
  if (!useExponentialBackOff) return Math.min(initialReconnectDelay, maxReconnectDelay)
  return Math.min(initialReconnectDelay * reconnectDelayExponent ** (failedRounds - 1), maxReconnectDelay)
}

/** True when `failedRounds` rounds in vain are enough. Before the first success another limit may hold. */
export function isAttemptLimitReached(options: FailoverOptions, failedRounds: number, everConnected: boolean): boolean {
  const { maxReconnectAttempts, startupMaxReconnectAttempts } = options
  const limit =
    !everConnected && startupMaxReconnectAttempts !== -1 ? startupMaxReconnectAttempts : maxReconnectAttempts
  return limit !== -1 && failedRounds >= limit
}

interface CandidateSources {
  /** What a broker announced as its cluster, or asked to reconnect to. */
  readonly updated: readonly Endpoint[]
  readonly configured: readonly Endpoint[]
  /** The one that was lost last goes to the end. */
  readonly failedUri: string | null
  readonly randomize: boolean
  /** These go first, whatever else: priorityBackup. */
  readonly priorityUris: readonly string[]
}

/** The brokers to try in one round, in order, without duplicates. */
export function planCandidates(sources: CandidateSources, random: Random): Endpoint[] {
  const unique = new Map<string, Endpoint>()
  for (const endpoint of [...sources.updated, ...sources.configured])
    if (!unique.has(endpoint.uri)) unique.set(endpoint.uri, endpoint)
  let list = [...unique.values()]
  if (sources.randomize) list = shuffled(list, random)
  const isFailed = (endpoint: Endpoint): boolean => endpoint.uri === sources.failedUri
  const isPriority = (endpoint: Endpoint): boolean => sources.priorityUris.includes(endpoint.uri)
  const rank = (endpoint: Endpoint): number => (isFailed(endpoint) ? 2 : isPriority(endpoint) ? 0 : 1)
  return list.sort((left, right) => rank(left) - rank(right))
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = [...items]
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(random.next() * (index + 1))
    ;[list[index], list[other]] = [list[other]!, list[index]!]
  }
  return list
}
