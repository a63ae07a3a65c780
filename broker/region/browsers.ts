// Browsers as clients ask for them: of queues, also of several by a composite or a wildcard. Queues that come later are not for
// those who look now.
import { RefusalError } from '../base/errors.ts'
import { Queue } from '../destination/queue/queue.ts'
import { QueueBrowse } from '../destination/queue/queue-browse.ts'
import { destinationKey, isQueue, type Destination } from '../message/destination.ts'
import { StoredMessage } from '../message/stored-message.ts'
import type { RegionContext } from './region-context.ts'

/** All that the queues of a consumer hold now, one after the other: as its members name them, those of a wildcard as they were made. */
export function browseOf(context: RegionContext, members: readonly Destination[]): QueueBrowse {
  const topic = members.find((member) => !isQueue(member))
  if (topic)
    throw new RefusalError('INVALID_DESTINATION', `Cannot browse ${destinationKey(topic)}: only queues can be browsed`)
  const { registry, sequences, clock, logger, memory } = context
  const queues = new Set<Queue>()
  for (const member of members)
    for (const found of registry.reachedBy(member)) if (found instanceof Queue) queues.add(found)
  const scan = (bytes: Buffer) => StoredMessage.scan(bytes)
  return new QueueBrowse([...queues], sequences.last, { clock, logger, memory, scan })
}
