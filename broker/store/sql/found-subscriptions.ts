// Durable subscriptions as they are told by two tables: ActiveMQ's, where another broker may have written since, and ours beside it.
// Where the two say different things ActiveMQ's is right; what it does not say (no local, a long selector, what was acknowledged out of order)
// is taken from ours while that still belongs to it.
import { isMarkerContainer, markerOf, subscribedDestinationOf } from './containers.ts'
import type { SubscriptionKey, SubscriptionRow } from './store-tables.ts'
import { selectorColumn } from './stored-texts.ts'

/** Of ActiveMQ's table. */
export interface AckRow extends SubscriptionKey {
  /** null in rows from before it had the column. */
  readonly subscribedDestination: string | null
  readonly selector: string | null
  /** -1 for one that is retroactive, null where nothing was acknowledged. */
  readonly lastAckedId: number | null
}

/** Of our table. */
export interface OwnRow extends SubscriptionKey {
  /** null: it was made for acknowledgements, beside a row that does not say it. */
  readonly noLocal: boolean | null
  readonly selector: string | null
  readonly acked: Buffer | null
}

export function foundSubscriptions(acks: readonly AckRow[], own: readonly OwnRow[]): SubscriptionRow[] {
  const ownByKey = new Map(own.map((row) => [keyOf(row), row]))
  const found = acks.map((row) => joined(row, ownByKey.get(keyOf(row))))
  return [...found, ...markers(found, own)]
}

function joined(row: AckRow, own: OwnRow | undefined): SubscriptionRow {
  const { container, priority, clientId, name } = row
  const isOurs = own !== undefined && selectorColumn(own.selector) === row.selector
  return {
    container,
    priority,
    clientId,
    name,
    subscribedDestination: row.subscribedDestination ?? container,
    selector: isOurs ? own.selector : row.selector || null,
    noLocal: isOurs ? own.noLocal : null,
    lastAckedId: Math.max(0, row.lastAckedId ?? 0),
    acked: own?.acked ?? null,
  }
}

/**
 * One for each destination of several topics that is subscribed to. One of ours without any row of ActiveMQ's has no topics yet; when
 * there are some and they say something else, somebody else has subscribed anew.
 */
function markers(found: readonly SubscriptionRow[], own: readonly OwnRow[]): SubscriptionRow[] {
  const known = new Set(found.map(clientOf))
  const made = new Map<string, SubscriptionRow>()
  for (const row of found) {
    const container = markerOf(row.subscribedDestination)
    if (container !== undefined) made.set(keyOf({ ...row, container, priority: 0 }), markerRow({ ...row, container }))
  }
  for (const row of own)
    if (isMarkerContainer(row.container) && (!known.has(clientOf(row)) || made.has(keyOf(row))))
      made.set(keyOf(row), markerRow(row))
  return [...made.values()]
}

const markerRow = ({ container, clientId, name, noLocal, selector }: OwnRow): SubscriptionRow => ({
  container,
  priority: 0,
  clientId,
  name,
  subscribedDestination: subscribedDestinationOf(container),
  selector,
  noLocal,
  lastAckedId: 0,
  acked: null,
})

const clientOf = ({ clientId, name }: SubscriptionKey): string => `${clientId.length}:${clientId}${name}`

const keyOf = (row: SubscriptionKey): string =>
  `${row.priority}:${row.container.length}:${row.container}${clientOf(row)}`
