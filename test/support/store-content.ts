// Messages for stores, and what is in a store: as tests of stores put it in and read it back.
import type { AddedMessage, MessageStore } from '../../broker/store/message-store.ts'
import { queueHolder, type MessageOwner, type TopicHolder } from '../../broker/store/held-message.ts'

export interface MessageOptions {
  readonly queue?: string
  readonly producerId?: string
  readonly producerSequenceId?: number
}

export const message = (
  text: string,
  { queue = 'orders', producerId = 'ID:a-1:1:1:1', producerSequenceId = 1 }: MessageOptions = {},
): AddedMessage => ({ holder: queueHolder(queue), bytes: Buffer.from(text), producerId, producerSequenceId })

export const durable = (store: MessageStore): Promise<void> => new Promise((resolve) => store.whenDurable(resolve))

/** `sequence:text` of everything in a queue. */
export const contentOf = (store: MessageStore, queue = 'orders'): Promise<string[]> =>
  readAll(store, queueHolder(queue))

/** The same of whoever has messages. */
export async function readAll(store: MessageStore, owner: MessageOwner | TopicHolder): Promise<string[]> {
  const content: string[] = []
  for (let after = 0; ;) {
    const page = await store.read(owner, after, Number.MAX_SAFE_INTEGER, 100, 1_000_000)
    if (page.length === 0) return content
    content.push(...page.map(({ sequence, bytes }) => `${sequence}:${bytes.toString()}`))
    after = page.at(-1)!.sequence
  }
}
