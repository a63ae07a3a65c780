// ConsumerInfo → what the region wants to know of a consumer. Refuses what only bridges may ask; browsers, selectors and
// durable subscriptions are passed on, the region decides about them.
import { RefusalError } from '../../base/errors.ts'
import { isDemandOnly, type DemandTerms } from '../../message/demand-terms.ts'
import { isQueue } from '../../message/destination.ts'
import type { ConsumerIdText, ConsumerOptions } from '../../region/region.ts'
import type { ConsumerInfo } from '../../wire/openwire/commands.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'

/** `demandTerms`: of the other broker whose bridge it is. */
export function consumerOptionsOf(
  consumerId: ConsumerIdText,
  info: ConsumerInfo,
  demandTerms?: DemandTerms,
): ConsumerOptions {
  const destination = requiredDestination(info.destination, 'add consumer')
  if (info.additionalPredicate)
    throw new RefusalError(
      'UNSUPPORTED',
      `Cannot add consumer ${consumerId}: filters of network bridges are not supported`,
    )
  return {
    consumerId,
    destination,
    prefetchSize: acceptedPrefetch(info.prefetchSize, 'add consumer'),
    priority: info.priority,
    exclusive: info.exclusive,
    noLocal: info.noLocal,
    maximumPendingMessageLimit: Math.max(0, info.maximumPendingMessageLimit),
    selector: info.selector?.trim() ? info.selector : null,
    browser: info.browser,
    // A name on a queue has no meaning (ActiveMQ: QueueRegion ignores it).
    subscriptionName: isQueue(destination) ? null : info.subscriptionName,
    retroactive: info.retroactive,
    ...(demandTerms && isDemandOnly(destination) ? { demandTerms } : {}),
    announcement: info,
  }
}

export function acceptedPrefetch(prefetchSize: number, what: string): number {
  if (prefetchSize >= 0) return prefetchSize
  throw new RefusalError('INVALID_REQUEST', `Cannot ${what}: prefetch is ${prefetchSize}, 0 or more is accepted`)
}
