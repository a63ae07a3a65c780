// What a topic is given, with a store that has nothing unless a test says so.
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import type { TopicContext } from '../../../../broker/destination/topic/topic.ts'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { MemoryStore } from '../../../../broker/store/memory/memory-store.ts'

export const topicContext = (given: Partial<TopicContext> = {}): TopicContext => ({
  clock: new ManualClock(),
  logger: silentLogger,
  memory: new MemoryUsage(2 ** 20),
  store: new MemoryStore(),
  scan: (bytes) => StoredMessage.scan(bytes),
  lastSequence: () => 0,
  expiredWaiting: () => {},
  ...given,
})
