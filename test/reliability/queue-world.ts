// What the queue model plays with: a region over a journal store on a disk in memory, under a clock that stands still, and
// clients that note what comes to them. The disk can die at any write, another member can take over, and everything that
// the broker told anybody is in one log, in order.
import { silentLogger, type Logger } from '../../broker/base/logger.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { seededRandom, type Random } from '../../broker/base/random.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import type { Destination } from '../../broker/message/destination.ts'
import type { Message } from '../../broker/message/message.ts'
import { createRegion, type RegionOptions } from '../../broker/region/region-broker.ts'
import type {
  ConnectionPort,
  Delivery,
  Done,
  Region,
  RegionConnection,
  RegionListener,
} from '../../broker/region/region.ts'
import { JournalStore } from '../../broker/store/journal/journal-store.ts'
import type { FoundMessage, RecoveredState, StoreOwner } from '../../broker/store/message-store.ts'
import { TestTempStore } from '../support/test-temp-store.ts'
import { turns } from '../support/turns.ts'
import { queueHolder, type MessageOwner } from '../../broker/store/held-message.ts'

export const deadLetterQueue = 'ActiveMQ.DLQ'

export type Told =
  | { readonly kind: 'delivery'; readonly delivery: Delivery; readonly atMs: number }
  | { readonly kind: 'nothing'; readonly consumerId: string; readonly atMs: number }
  | { readonly kind: 'done'; readonly answer: (error: string | undefined) => void; readonly error: string | undefined }
  | { readonly kind: 'flow'; readonly connectionId: string; readonly paused: boolean }
  | { readonly kind: 'expired'; readonly message: Message; readonly queue: string; readonly atMs: number }
  | { readonly kind: 'deadLettered'; readonly message: Message; readonly queue: string }
  | { readonly kind: 'removed'; readonly destination: Destination }

export interface WorldOptions {
  readonly random: Random
  readonly memoryLimit: number
  /** Bytes that the temp store may have; undefined: there is none. */
  readonly tempLimit: number | undefined
  readonly processNonPersistent: boolean
  readonly concurrentStoreAndDispatchQueues: boolean
  /** Size of a segment of the journal: small ones are reclaimed often. */
  readonly maxFileLength: number
  /** What else a user can configure; default: nothing. */
  readonly configured?: Pick<
    RegionOptions,
    'virtualDestinations' | 'redelivery' | 'deadLetterPolicies' | 'inactiveDestinations' | 'priorityPolicies'
  >
}

/** One life of a broker: from an opened store to its end. */
interface Life {
  readonly term: number
  readonly store: JournalStore
  readonly region: Region
  readonly temp: TestTempStore | null
  readonly clock: ManualClock
  /** What it says after its end reaches nobody. */
  over: boolean
}

/** The region's sweep, and the store's look at the disk. */
const ownTimers = 2

export class QueueWorld {
  readonly log: Told[] = []
  readonly #options: WorldOptions
  #disk = new SimulatedDisk()
  #life!: Life
  #nowMs = 1_700_000_000_000
  #term = 0
  #owner = 0
  #failure: Error | undefined

  constructor(options: WorldOptions) {
    this.#options = options
  }

  get clock(): ManualClock {
    return this.#life.clock
  }

  get region(): Region {
    return this.#life.region
  }

  /** Messages in the temp store. */
  get spilled(): number {
    return this.#life.temp?.messages ?? 0
  }

  get store(): JournalStore {
    return this.#life.store
  }

  get disk(): SimulatedDisk {
    return this.#disk
  }

  /** Opens the store, as often as it takes if the disk dies meanwhile, and begins a life. */
  async begin(crashWhileOpening = false): Promise<RecoveredState> {
    for (;;) {
      const { random } = this.#options
      const disk = this.#disk
      if (crashWhileOpening && random.next() < 0.3) disk.crashAfter(Math.floor(random.next() * 20))
      const clock = new ManualClock(this.#nowMs)
      const store = this.#createStore(clock)
      const recovered = await Promise.race([store.open(this.#owned(this.#term)), disk.whenCrashed])
      if (!recovered || disk.crashed) {
        this.#disk = disk.restart(random)
        continue
      }
      disk.crashAfter(Number.POSITIVE_INFINITY)
      this.#live(store, clock, recovered)
      return recovered
    }
  }

  /** The machine dies: unsynced writes survive by chance, in parts. */
  async crash(): Promise<RecoveredState> {
    this.#end()
    this.#disk = this.#disk.restart(this.#options.random)
    return this.begin(true)
  }

  /** Another member takes the lock and opens the store while this one still works. */
  async failover(): Promise<RecoveredState> {
    const old = this.#life
    const clock = new ManualClock(this.#nowMs)
    const term = this.#term + 1
    const standby = this.#createStore(clock)
    if (this.#options.random.next() < 0.7) {
      standby.follow()
      await turns(Math.floor(this.#options.random.next() * 4))
    }
    this.#end()
    this.#owner = term
    const disk = this.#disk
    const recovered = await Promise.race([standby.open(this.#owned(term)), disk.whenCrashed])
    await turns(2)
    await Promise.race([old.store.close(), disk.whenCrashed])
    if (!recovered || disk.crashed) return this.crash()
    // What was recovered is read next, and somebody waits for it.
    disk.crashAfter(Number.POSITIVE_INFINITY)
    this.#live(standby, clock, recovered)
    return recovered
  }

  /** An orderly stop and start. */
  async restart(): Promise<RecoveredState> {
    const { store } = this.#life
    this.#end()
    await Promise.race([store.close(), this.#disk.whenCrashed])
    return this.#disk.crashed ? this.crash() : this.begin()
  }

  async close(): Promise<void> {
    const { store } = this.#life
    this.#end()
    await store.close()
    this.#checkFailure()
  }

  connect(
    connectionId: string,
    failoverReconnect: boolean,
    isCongested: () => boolean,
    clientId = connectionId,
  ): RegionConnection {
    const life = this.#life
    const { clock } = life
    const tell = (told: Told): void => {
      if (!life.over) this.log.push(told)
    }
    const port: ConnectionPort = {
      get congested() {
        return isCongested()
      },
      deliver: (delivery) => tell({ kind: 'delivery', delivery, atMs: clock.nowMs() }),
      deliverNothing: (consumerId) => tell({ kind: 'nothing', consumerId, atMs: clock.nowMs() }),
      pause: () => tell({ kind: 'flow', connectionId, paused: true }),
      resume: () => tell({ kind: 'flow', connectionId, paused: false }),
    }
    return life.region.connect({ connectionId, clientId, failoverReconnect }, port)
  }

  /** A `done` that logs its answer. Not allowed: to call it twice, or after a failover although it needed the disk. */
  done(answer: (error: string | undefined) => void, needsDisk: boolean): Done {
    const life = this.#life
    let called = false
    return (error) => {
      if (called) this.#fail('An answer was given twice')
      called = true
      if (needsDisk && !error && this.#owner > life.term) this.#fail('A member answered after it was replaced')
      if (!life.over) this.log.push({ kind: 'done', answer, error: error?.message })
    }
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs
    this.#life.clock.advance(durationMs)
  }

  /** From now on the disk has room for so many more bytes. */
  async fillDisk(spareBytes: number): Promise<void> {
    const disk = this.#disk
    const freeBytes = await Promise.race([disk.freeBytes(), disk.whenCrashed])
    if (freeBytes !== undefined) disk.capacity += spareBytes - freeBytes
  }

  freeDisk(): void {
    this.#disk.capacity = Number.MAX_SAFE_INTEGER
  }

  /** Until everything is durable, read, and told; or the disk is dead. */
  async settle(): Promise<void> {
    let quiet = 0
    let known = this.#progress
    const durable = { yes: false }
    this.#life.store.whenDurable(() => (durable.yes = true))
    for (let turn = 0; turn < 1000; turn++) {
      await turns(1)
      // Those who let others have their turn: many pages that nobody wants are read.
      this.#life.clock.advance(0)
      this.#checkFailure()
      if (this.#disk.crashed) return
      quiet = durable.yes && this.#progress === known ? quiet + 1 : 0
      if (this.#progress !== known) {
        known = this.#progress
        durable.yes = false
        this.#life.store.whenDurable(() => (durable.yes = true))
      }
      if (quiet === 3) return
    }
    throw new Error('The broker does not come to rest')
  }

  /** Whether the store takes a message for one that it has had already. */
  hasHad(producerId: string, producerSequenceId: number): boolean {
    return (this.store.lastProducerSequence(producerId) ?? -1) >= producerSequenceId
  }

  /** All messages of a queue in the store, in order. */
  stored(queue: string): Promise<readonly FoundMessage[]> {
    return this.storedFor(queueHolder(queue))
  }

  /** The same of a queue or a durable subscription. */
  async storedFor(owner: MessageOwner): Promise<readonly FoundMessage[]> {
    const all: FoundMessage[] = []
    for (let after = 0; ;) {
      const page = await this.store.read(owner, after, Number.MAX_SAFE_INTEGER, 500, 2 ** 20)
      const last = page.at(-1)
      if (!last) return all
      all.push(...page)
      after = last.sequence
    }
  }

  /** Timers that nobody can explain. */
  get leakedTimers(): number {
    return this.clock.pendingTimers - ownTimers
  }

  /** Grows with all that is told, and all that is written without a word: sends that were held back and have room now. */
  get #progress(): number {
    return this.log.length + this.store.statistics().recordsWritten
  }

  #createStore(clock: ManualClock): JournalStore {
    const term = ++this.#term
    const store = new JournalStore({
      disk: this.#disk,
      directory: '/journal',
      clock,
      random: seededRandom(Math.floor(this.#options.random.next() * 2 ** 32)),
      logger: this.#watchedLogger(() => this.#owner > term),
      maxFileLength: this.#options.maxFileLength,
    })
    return store
  }

  /** Its writes take a few turns. */
  #makeTemp(life: { over: boolean }): TestTempStore | null {
    const { tempLimit, random } = this.#options
    if (tempLimit === undefined) return null
    const temp = new TestTempStore()
    temp.limitTo(tempLimit)
    temp.writesAtOnce = false
    temp.onWhenWritten = () =>
      void turns(Math.floor(random.next() * 4)).then(() => {
        if (!life.over) temp.finishWrites()
      })
    return temp
  }

  #owned(term: number): StoreOwner {
    const verify = (): void => {
      if (this.#owner > term) throw new Error('Replaced')
    }
    return { term, verify }
  }

  #live(store: JournalStore, clock: ManualClock, recovered: RecoveredState): void {
    const { memoryLimit, processNonPersistent, concurrentStoreAndDispatchQueues } = this.#options
    const life = { term: this.#term, store, clock, over: false } as { -readonly [K in keyof Life]: Life[K] }
    // Also at its end: a message may become a dead letter while the store is being closed.
    const tell = (told: Told): void => void this.log.push(told)
    life.temp = this.#makeTemp(life)
    life.region = createRegion({
      store,
      temp: life.temp,
      clock,
      logger: this.#watchedLogger(() => life.over),
      memoryLimit,
      concurrentStoreAndDispatchQueues,
      deadLetter: { queue: deadLetterQueue, processExpired: true, processNonPersistent },
      listeners: [listenerOf(tell, clock)],
      ...this.#options.configured,
    })
    life.region.recover(recovered)
    this.#life = life
    void store.failed.then((error) => {
      if (!life.over && !this.#disk.crashed) this.#failure = error
    })
  }

  /** Nothing that happens here is an error, except to one that is over, or whose disk is dead; and full disks. */
  #watchedLogger(isOver: () => boolean): Logger {
    const disk = this.#disk
    return {
      ...silentLogger,
      error: (message, fields) => {
        if (message.startsWith('The disk is full')) return
        if (!isOver() && !disk.crashed) this.#fail(`Logged as an error: ${message} ${JSON.stringify(fields)}`)
      },
    }
  }

  // Kept until the model asks: whoever calls would take a thrown one for a failure of his own.
  #fail(what: string): void {
    this.#failure ??= new Error(what)
  }

  #checkFailure(): void {
    if (this.#failure) throw this.#failure
  }

  #end(): void {
    this.#life.over = true
    this.#life.region.stop()
  }
}

const listenerOf = (tell: (told: Told) => void, clock: ManualClock): RegionListener => ({
  connectionAdded() {},
  connectionRemoved() {},
  destinationAdded() {},
  destinationRemoved: (destination) => tell({ kind: 'removed', destination }),
  consumerAdded() {},
  consumerRemoved() {},
  subscriptionRemoved() {},
  producerAdded() {},
  producerRemoved() {},
  messageExpired: (message: Message, { name }: Destination) =>
    tell({ kind: 'expired', message, queue: name, atMs: clock.nowMs() }),
  messageDeadLettered: (message: Message, { name }: Destination) =>
    tell({ kind: 'deadLettered', message, queue: name }),
})
