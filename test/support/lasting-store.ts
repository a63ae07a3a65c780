// A store in memory that stands for one on a disk: what is in it is kept, so that other brokers are answered at once.
import { MemoryStore } from '../../broker/store/memory/memory-store.ts'
import type { MessageStore } from '../../broker/store/message-store.ts'

export const lastingStore = (): MessageStore =>
  Object.assign<MessageStore, object>(new MemoryStore(), { whenGone: undefined, awaitedEnds: undefined })
