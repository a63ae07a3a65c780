// A store in memory whose process may die: afterwards there is what was durable, and of what was written since then a beginning. What has
// been written becomes durable when the simulation says so. It stands for a journal where thousands of brokers are needed. Or
// it forgets: then it is the memory store, and nothing is there afterwards.
import type { Random } from '../../../broker/base/random.ts'
import type { Message } from '../../../broker/message/message.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import {
  queueHolder,
  topicHolder,
  type QueueHolder,
  type SubscriptionHolder,
  type SubscriptionTerms,
} from '../../../broker/store/held-message.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import type {
  AddedMessage,
  MessageOwner,
  RecoveredArrival,
  RecoveredState,
  Sequence,
  StoreOwner,
} from '../../../broker/store/message-store.ts'
import type { StoreTransaction } from '../../../broker/store/store-transaction.ts'

type Write = (store: CrashingStore) => void

const everything = [0, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const

export class CrashingStore extends MemoryStore {
  readonly #isLasting: boolean
  readonly #found: readonly Write[]
  readonly #writes: Write[] = []
  #durableWrites = 0
  readonly #waiting: { readonly writes: number; readonly callback: () => void }[] = []
  readonly #queues = new Set<string>()
  readonly #topics = new Set<string>()
  readonly #subscriptions = new Map<
    string,
    { readonly holder: SubscriptionHolder; readonly terms: SubscriptionTerms }
  >()
  readonly #arrivals = new Map<Sequence, RecoveredArrival>()
  #lastSequence = 0

  /** `found`: what a life before has left. */
  constructor(isLasting: boolean, found: readonly Write[] = []) {
    super()
    this.#isLasting = isLasting
    this.#found = found
    // Other brokers are answered when a message is durable, not when it is gone.
    if (isLasting) Object.assign(this, { whenGone: undefined })
  }

  /** What the next broker finds when the process of this one has died. */
  afterCrash(random: Random): CrashingStore {
    if (!this.#isLasting) return new CrashingStore(false)
    const undecided = this.#writes.length - this.#durableWrites
    const left = this.#durableWrites + Math.floor(random.next() * (undecided + 1))
    return new CrashingStore(true, this.#writes.slice(0, left))
  }

  /** What was written is durable. False when nobody waited for that. */
  sync(): boolean {
    const waiting = this.#waiting.splice(0)
    for (const { writes, callback } of waiting) {
      this.#durableWrites = Math.max(this.#durableWrites, writes)
      callback()
    }
    return waiting.length > 0
  }

  /** All messages, each as often as it is there. */
  async messages(): Promise<readonly Message[]> {
    const found: Message[] = []
    for (const holder of [...[...this.#queues].map(queueHolder), ...[...this.#topics].map(topicHolder)])
      for (const { bytes } of await this.read(holder, ...everything)) found.push(StoredMessage.scan(bytes))
    return found
  }

  override async open(owner: StoreOwner): Promise<RecoveredState> {
    await super.open(owner)
    for (const write of this.#found) write(this)
    this.#durableWrites = this.#writes.length
    this.#waiting.length = 0
    const queues = await Promise.all(
      [...this.#queues].map(async (name) => {
        const messages = await this.read(queueHolder(name), ...everything)
        const messageBytes = messages.reduce((sum, { bytes }) => sum + bytes.length, 0)
        return { name, messageCount: messages.length, messageBytes }
      }),
    )
    const subscriptions = Array.from(this.#subscriptions.values(), ({ holder, terms }) => ({
      ...terms,
      ...this.backlog(holder),
      topic: holder.topic,
      clientId: holder.clientId,
      name: holder.name,
    }))
    return { queues, subscriptions, arrivals: [...this.#arrivals.values()], lastSequence: this.#lastSequence }
  }

  override addHolder(holder: QueueHolder): void {
    this.#queues.add(holder.name)
    this.#writes.push((store) => store.addHolder(holder))
    super.addHolder(holder)
  }

  override removeHolder(holder: QueueHolder): void {
    this.#queues.delete(holder.name)
    this.#writes.push((store) => store.removeHolder(holder))
    super.removeHolder(holder)
  }

  override addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void {
    this.#topics.add(holder.topic)
    if (!this.#subscriptions.has(holder.key)) this.#subscriptions.set(holder.key, { holder, terms })
    this.#writes.push((store) => store.addSubscription(holder, terms))
    super.addSubscription(holder, terms)
  }

  override removeSubscription(holder: SubscriptionHolder): void {
    this.#subscriptions.delete(holder.key)
    this.#writes.push((store) => store.removeSubscription(holder))
    super.removeSubscription(holder)
  }

  override add(message: AddedMessage, sequence: Sequence): void {
    this.#adds(message, sequence)
    this.#writes.push((store) => store.add(message, sequence))
    super.add(message, sequence)
  }

  override update(message: AddedMessage, sequence: Sequence): void {
    this.#writes.push((store) => store.update(message, sequence))
    super.update(message, sequence)
  }

  override remove(owner: MessageOwner, sequence: Sequence, awaited = true, left = false): void {
    this.#writes.push((store) => store.remove(owner, sequence, awaited, left))
    if (left) this.#arrivals.delete(sequence)
    super.remove(owner, sequence)
  }

  override begin(): StoreTransaction {
    const transaction = super.begin()
    const calls: ((same: StoreTransaction) => void)[] = []
    const adds: AddedMessage[] = []
    return {
      add: (message) => {
        transaction.add(message)
        adds.push(message)
        calls.push((same) => same.add(message))
      },
      remove: (owner, sequence) => {
        transaction.remove(owner, sequence)
        calls.push((same) => same.remove(owner, sequence))
      },
      commit: (firstSequence) => {
        transaction.commit(firstSequence)
        for (const [index, message] of adds.entries()) this.#adds(message, firstSequence + index)
        this.#writes.push((store) => {
          const same = store.begin()
          for (const call of calls) call(same)
          same.commit(firstSequence)
        })
      },
      rollback: () => transaction.rollback(),
    }
  }

  override whenDurable(callback: () => void): void {
    if (this.#isLasting) this.#waiting.push({ writes: this.#writes.length, callback })
    else super.whenDurable(callback)
  }

  #adds({ holder, arrival, producerSequenceId }: AddedMessage, sequence: Sequence): void {
    if (arrival !== undefined)
      this.#arrivals.set(sequence, { holder, sequence, producerId: arrival, producerSequenceId })
    this.#lastSequence = Math.max(this.#lastSequence, sequence)
    if (holder.kind === 'queue') this.#queues.add(holder.name)
  }
}
