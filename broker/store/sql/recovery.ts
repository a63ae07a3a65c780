// What is in the tables → the indexes in memory, and what the next active begins with.
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { MessageHolder, SubscriptionHolder, SubscriptionTerms } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import type { RecoveredArrival, RecoveredState } from '../message-store.ts'
import { SubscriptionProgress } from '../subscription-progress.ts'
import { decodeAckedRanges } from './acked-ranges.ts'
import type { BatchWriter } from './batch-writer.ts'
import { blobOverheadBytes } from './blob-form.ts'
import type { SubscribedKey } from './collected-batch.ts'
import { holderOf, subscriptionOf, type IsPrioritized } from './containers.ts'
import type { StoredArrivals } from './stored-arrivals.ts'
import type { StoredHolders } from './stored-holders.ts'
import type { StoredProducers } from './stored-producers.ts'
import type { Container, LoadedTables, StoreTables, SubscriptionRow } from './store-tables.ts'

export interface RecoveryParts {
  readonly tables: StoreTables
  readonly writer: BatchWriter
  readonly holders: StoredHolders
  readonly producers: StoredProducers
  readonly arrivals: StoredArrivals
  readonly isPrioritized: IsPrioritized
  readonly logger: Logger
  /** Of a message that is there. */
  readonly take: (bytes: number) => void
}

interface FoundSubscription {
  readonly holder: SubscriptionHolder
  readonly terms: SubscriptionTerms
  readonly rows: SubscribedKey[]
  progress: SubscriptionProgress
}

export async function recover(loaded: LoadedTables, parts: RecoveryParts): Promise<RecoveredState> {
  const { holders } = parts
  for (const row of loaded.queues) {
    const holder = holderOf(row, parts.isPrioritized)
    if (holder?.kind === 'queue') holders.recoverQueue(holder.name, row)
  }
  for (const { holder, terms, rows, progress } of subscriptionsIn(loaded.subscriptions, parts))
    holders.recoverSubscription(holder, terms, rows, progress)
  await scanMessages(parts)
  holders.endRecovery()
  const isForeign = loaded.largestId > loaded.lastId
  await recoverProducers(loaded, parts, isForeign)
  return {
    queues: [...holders.queues].map(([name, { index }]) => ({
      name,
      messageCount: index.messages,
      messageBytes: index.bytes,
    })),
    subscriptions: holders.recoveredSubscriptions(),
    arrivals: recoverArrivals(loaded, parts, isForeign),
    lastSequence: Math.max(loaded.lastId, loaded.largestId),
  }
}

/** The rows of one that went by priority before are one: what one of them calls settled the others may not, so that nothing is lost. */
function subscriptionsIn(rows: readonly SubscriptionRow[], parts: RecoveryParts): Iterable<FoundSubscription> {
  const found = new Map<string, FoundSubscription>()
  for (const row of rows) {
    const holder = subscriptionOf(row, parts.isPrioritized)
    const progress = progressOf(row, parts)
    const known = found.get(holder.key)
    if (known) {
      known.rows.push(row)
      known.progress = new SubscriptionProgress(Math.min(known.progress.mark, progress.mark))
    } else {
      const terms = {
        selector: row.selector,
        noLocal: row.noLocal === true,
        ...(row.noLocal === null && { noLocalUnknown: true }),
      }
      found.set(holder.key, { holder, terms, rows: [row], progress })
    }
  }
  return found.values()
}

function progressOf(
  { container, clientId, name, lastAckedId, acked }: SubscriptionRow,
  { logger }: RecoveryParts,
): SubscriptionProgress {
  const progress = new SubscriptionProgress(lastAckedId)
  try {
    for (const { after, upTo } of decodeAckedRanges(acked)) progress.settle(after, upTo)
  } catch (error) {
    const fields = { container, clientId, name, error: errorMessage(error) }
    logger.error('What a durable subscription has acknowledged out of order is damaged: it comes again', fields)
  }
  return progress
}

function scanMessages({ tables, holders, isPrioritized, take }: RecoveryParts): Promise<void> {
  /** By container and priority: there are millions of messages, of few destinations. */
  const known = new Map<string, (MessageHolder | undefined)[]>()
  const holderAt = (row: Container): MessageHolder | undefined => {
    let ofContainer = known.get(row.container)
    if (!ofContainer) known.set(row.container, (ofContainer = []))
    if (!(row.priority in ofContainer)) ofContainer[row.priority] = holderOf(row, isPrioritized)
    return ofContainer[row.priority]
  }
  return tables.scan((rows) => {
    for (const row of rows) {
      // Of a row that somebody has damaged, too.
      const bytes = Math.max(0, row.bytes - blobOverheadBytes)
      const holder = holderAt(row)
      if (holder && holders.recoverMessage(holder, row.id, bytes)) take(bytes)
    }
  })
}

/** What another broker has written since is not in our table of producers. */
async function recoverProducers(
  { producers: known }: LoadedTables,
  { tables, producers }: RecoveryParts,
  isForeign: boolean,
): Promise<void> {
  if (isForeign) producers.replace(known, await tables.producersOfMessages(storeLimits.producers))
  else producers.recover(known)
}

/** What another broker has consumed, or sent over its bridges, nobody knows. */
function recoverArrivals(
  { arrivals: rows }: LoadedTables,
  { arrivals, holders, writer, isPrioritized }: RecoveryParts,
  isForeign: boolean,
): readonly RecoveredArrival[] {
  const found: RecoveredArrival[] = []
  for (const { id: sequence, producerId, producerSequenceId, ...row } of rows) {
    const holder = isForeign ? undefined : holderOf(row, isPrioritized)
    if (holder) found.push({ holder, sequence, producerId, producerSequenceId })
    else writer.batch.removeArrival(sequence)
  }
  const isKnown = ({ kind, name }: MessageHolder): boolean =>
    (kind === 'queue' ? holders.queues : holders.topics).has(name)
  return arrivals.recover(found, isKnown)
}
