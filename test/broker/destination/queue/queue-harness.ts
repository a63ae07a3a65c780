// A queue over a store whose reads wait until they are served, and consumers that accept what a function says.
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import type { QueueEntry } from '../../../../broker/destination/entry.ts'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import type { NetworkTerms } from '../../../../broker/destination/network/network-filter.ts'
import type { DispatchPolicy } from '../../../../broker/destination/queue/dispatch-policy.ts'
import type { QueueConsumer } from '../../../../broker/destination/queue/queue-consumer.ts'
import { Queue } from '../../../../broker/destination/queue/queue.ts'
import { QueueEntry as Entry } from '../../../../broker/destination/entry.ts'
import type { MessageSource } from '../../../../broker/destination/subscription/message-source.ts'
import type { Message } from '../../../../broker/message/message.ts'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import type { FoundMessage, MessageOwner, Sequence } from '../../../../broker/store/message-store.ts'
import { PolicyMap } from '../../../../broker/routing/policy-map.ts'
import { testMessage } from '../../../support/test-message.ts'

export interface Given {
  readonly consumer: TestQueueConsumer
  readonly entry: QueueEntry
  readonly message: Message
}

export interface TestConsumerOptions {
  readonly priority?: number
  readonly exclusive?: boolean
  /** It is a bridge. */
  readonly network?: NetworkTerms | null
}

export interface TestBody {
  readonly brokerPath?: readonly string[]
  readonly expiration?: number
  readonly body?: string
  readonly groupId?: string
  readonly groupSequence?: number
  readonly priority?: number
}

/** A message in one of both stores. */
interface Kept {
  readonly holder: string
  readonly bytes: Buffer
}

export class TestQueueConsumer implements QueueConsumer {
  readonly options: { readonly priority: number; readonly exclusive: boolean }
  readonly queues = new Set<MessageSource>()
  readonly selective: boolean
  readonly network: NetworkTerms | null
  readonly leaving = false
  readonly held: QueueEntry[] = []
  /** How often it was asked about a message. */
  asked = 0
  /** How often it was asked whether it has room. */
  askedForRoom = 0
  pulls = 0
  room: number
  readonly #wants: (number: number) => boolean
  readonly #given: (given: Given) => void

  constructor(
    room: number,
    given: (given: Given) => void,
    wants?: (number: number) => boolean,
    { network = null, ...options }: TestConsumerOptions = {},
  ) {
    this.room = room
    this.selective = wants !== undefined
    this.network = network
    this.#wants = wants ?? (() => true)
    this.#given = given
    this.options = { priority: 0, exclusive: false, ...options }
  }

  get dispatched(): readonly QueueEntry[] {
    return this.held
  }

  get full(): boolean {
    this.askedForRoom++
    return this.held.length >= this.room
  }

  accepts(message: Message): boolean {
    this.asked++
    return this.#wants(message.producerSequenceId)
  }

  wants(number: number): boolean {
    return this.#wants(number)
  }

  deliverQueueEntry(entry: QueueEntry, message: Message): void {
    if (this.full) throw new Error('a full consumer was given a message')
    this.held.push(entry)
    this.#given({ consumer: this, entry, message })
  }

  reserve(entry: QueueEntry): void {
    this.held.push(entry)
  }

  deliverReserved(entry: QueueEntry, message: Message): void {
    this.#given({ consumer: this, entry, message })
  }

  answerPull(): void {
    this.pulls++
  }
}

export class QueueHarness {
  readonly clock = new ManualClock()
  readonly memory: MemoryUsage
  readonly queue: Queue
  readonly given: Given[] = []
  readonly expired: QueueEntry[] = []
  readonly errors: string[] = []
  reads = 0
  failing = false
  readonly #stored = new Map<Sequence, Kept>()
  readonly #spilled = new Map<Sequence, Kept>()
  readonly #open: (() => void)[] = []

  constructor(memoryLimit: number, policy?: DispatchPolicy, isPrioritized = false) {
    this.memory = new MemoryUsage(memoryLimit)
    this.queue = new Queue({ kind: 'queue', name: 'Q' }, null, {
      clock: this.clock,
      logger: {
        ...silentLogger,
        error: (message, fields) => void this.errors.push(`${message} ${JSON.stringify(fields)}`),
      },
      memory: this.memory,
      store: {
        read: (owner, after, upTo, count, bytes) => this.#read(this.#stored, owner, after, upTo, count, bytes),
        remove: (owner: MessageOwner, sequence: Sequence) => remove(this.#stored, owner, sequence),
        update: ({ holder, bytes }, sequence) => void this.#stored.set(sequence, { holder: holder.name, bytes }),
        addSubscription: () => {},
        removeSubscription: () => {},
        backlog: () => ({ messageCount: 0, messageBytes: 0 }),
        holds: () => false,
        whenDurable: (callback: () => void) => callback(),
        addHolder: () => {},
        removeHolder: () => this.#stored.clear(),
      },
      isPrioritized: () => isPrioritized,
      redelivery: null,
      dispatchPolicies: policy ? new PolicyMap([{ kind: 'queue', pattern: 'Q', ...policy }]) : null,
      temp: {
        read: (owner, after, upTo, count, bytes) => this.#read(this.#spilled, owner, after, upTo, count, bytes),
        remove: (owner: MessageOwner, sequence: Sequence) => remove(this.#spilled, owner, sequence),
        removeHolder: () => this.#spilled.clear(),
      },
      lastSequence: () => 0,
      recordsDeliveries: () => false,
      scan: (bytes) => StoredMessage.scan(bytes),
      expiredWaiting: () => {},
      expired: (entry) => {
        this.expired.push(entry)
        this.queue.acknowledge(entry, false)
      },
    })
  }

  consumer(room: number, wants?: (number: number) => boolean, options?: TestConsumerOptions): TestQueueConsumer {
    const consumer = new TestQueueConsumer(room, (given) => void this.given.push(given), wants, options)
    this.queue.attach(consumer)
    this.queue.dispatch()
    return consumer
  }

  /** Written to the store; it arrives with `arrive`. */
  write(number: number, options: TestBody = {}): Message {
    const message = this.message(number, options)
    this.#stored.set(number, { holder: this.queue.storage.holderFor(message).name, bytes: message.bytes })
    this.queue.expectStored()
    return message
  }

  arrive(number: number, message: Message | null, priority?: number): void {
    this.queue.arriveStored(number, message, priority)
  }

  /** What the store has. */
  get stored(): number {
    return this.#stored.size
  }

  /** What the temp store has. */
  get spilled(): number {
    return this.#spilled.size
  }

  /** Written to the temp store; it arrives with `arriveSpilled`. */
  spill(number: number, options: TestBody = {}): Message {
    const message = this.message(number, { ...options, persistent: false })
    this.queue.expectSpilled(message)
    return message
  }

  arriveSpilled(number: number, message: Message): void {
    this.#spilled.set(number, { holder: this.queue.storage.tempHolderFor(message).name, bytes: message.bytes })
    this.queue.arriveSpilled(number, message)
  }

  sendVolatile(number: number, options: TestBody = {}): void {
    this.queue.arriveVolatile(new Entry(this.queue, number, this.message(number, options), 'memory', this.memory))
  }

  message(number: number, options: TestBody & { persistent?: boolean } = {}): Message {
    return testMessage({
      destination: this.queue.destination,
      producerSequenceId: number,
      persistent: true,
      ...options,
    })
  }

  acknowledge(consumer: TestQueueConsumer, entry: QueueEntry): void {
    consumer.held.splice(consumer.held.indexOf(entry), 1)
    this.queue.acknowledge(entry, false)
    this.queue.dispatch()
  }

  close(consumer: TestQueueConsumer): void {
    this.queue.detach(consumer)
    this.queue.returnToFront(consumer.held.splice(0))
    this.queue.dispatch()
  }

  /** Answers the reads that are open. True when there were some. */
  async answer(): Promise<boolean> {
    const open = this.#open.splice(0)
    for (const answer of open) answer()
    for (let i = 0; i < 12; i++) await Promise.resolve()
    return open.length > 0
  }

  /** The same, and gives those their turn who wait for it. */
  async serve(): Promise<boolean> {
    const answered = await this.answer()
    this.clock.advance(0)
    for (let i = 0; i < 12; i++) await Promise.resolve()
    return answered
  }

  async rest(): Promise<void> {
    for (let served = 0; (await this.serve()) || this.queue.loading; served++)
      if (served === 10_000) throw new Error('the queue reads for ever')
  }

  /** What the store has when the read is served, as one that looks into its index at the beginning may find it, too. */
  async #read(
    kept: ReadonlyMap<Sequence, Kept>,
    owner: { readonly name: string },
    after: Sequence,
    upTo: Sequence,
    count: number,
    bytes: number,
  ): Promise<readonly FoundMessage[]> {
    this.reads++
    const found: FoundMessage[] = []
    let total = 0
    for (const [sequence, { holder, bytes: body }] of [...kept].sort(([a], [b]) => a - b)) {
      if (holder !== owner.name || sequence <= after || sequence > upTo) continue
      if (found.length >= count || (found.length > 0 && total + body.length > bytes)) break
      found.push({ sequence, bytes: body })
      total += body.length
    }
    await new Promise<void>((resolve) => this.#open.push(resolve))
    if (this.failing) throw new Error('the disk is gone')
    return found
  }
}

/** Whoever does not have it cannot remove it. */
function remove(kept: Map<Sequence, Kept>, { name }: MessageOwner, sequence: Sequence): void {
  if (kept.get(sequence)?.holder === name) kept.delete(sequence)
}
