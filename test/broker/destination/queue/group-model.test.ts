// Random groups, consumers, arrivals, acknowledgements in any order, returns and reads that take their time, against a simple
// model: each message is given to one consumer at a time and acknowledged once; of a group all that is in flight is with one
// consumer, unless its sender closed it in between; and a consumer without wishes gets its messages in order.
import { expect, test } from '@jest/globals'
import { seededRandom, type Random } from '../../../../broker/base/random.ts'
import type { QueueEntry } from '../../../../broker/destination/entry.ts'
import { QueueHarness, type Given, type TestQueueConsumer } from './queue-harness.ts'

interface ModelMessage {
  readonly groupId: string | null
  readonly closes: boolean
  holder: TestQueueConsumer | 'nobody' | null
  gone: boolean
  /** How often its group had been closed when it was given out last. */
  generation: number
}

interface ModelGroup {
  readonly numbers: number[]
  readonly inFlight: Set<number>
  owner: TestQueueConsumer | null
  /** The last message that the owner was given. */
  last: number
  generation: number
}

class Model {
  readonly #random: Random
  readonly #harness: QueueHarness
  readonly #messages = new Map<number, ModelMessage>()
  readonly #groups = new Map<string, ModelGroup>()
  #consumers: TestQueueConsumer[] = []
  /** What consumers that have gone left in open transactions. */
  readonly #left: QueueEntry[] = []
  #last = 0
  #heard = 0
  deliveries = 0
  reads = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#harness = new QueueHarness(this.#pick([32 * 1024, 2 ** 30]))
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#command()
      this.#listen()
      if (this.#chance(0.3)) await this.#harness.serve()
      this.#listen()
      if (this.#chance(0.1)) await this.#rest()
    }
    await this.#drain()
    this.deliveries = this.#harness.given.length
    this.reads = this.#harness.reads
  }

  #command(): void {
    const drawn = this.#random.next()
    if (drawn < 0.4) this.#send(this.#chance(0.02) ? 700 : this.#below(12))
    else if (drawn < 0.75) this.#acknowledge(this.#below(12))
    else if (drawn < 0.85) this.#consume()
    else if (drawn < 0.93) this.#close()
    else if (drawn < 0.98) this.#decide()
    else this.#harness.queue.sweepExpired()
  }

  #send(count: number): void {
    for (let i = 0; i < count; i++) {
      const number = ++this.#last
      const groupId = this.#chance(0.2) ? null : `g${this.#below(this.#pick([2, 8, 40]))}`
      const groupSequence = groupId === null || this.#chance(0.8) ? 0 : this.#pick([-1, 1, 2])
      if (groupId !== null) this.#groupOf(groupId).numbers.push(number)
      this.#messages.set(number, { groupId, closes: groupSequence < 0, holder: null, gone: false, generation: 0 })
      const options = { ...(groupId !== null && { groupId, groupSequence }), body: 'x'.repeat(this.#pick([0, 2000])) }
      if (this.#chance(0.8)) {
        const message = this.#harness.write(number, options)
        this.#harness.arrive(number, this.#chance(0.9) ? message : null)
      } else this.#harness.sendVolatile(number, options)
      this.#listen()
    }
  }

  #acknowledge(count: number): void {
    for (let i = 0; i < count; i++) {
      const consumer = this.#consumers[this.#below(this.#consumers.length)]
      const entry = consumer?.held[this.#below(consumer.held.length)]
      if (!consumer || !entry) continue
      this.#isGone(entry)
      this.#harness.acknowledge(consumer, entry)
      this.#listen()
    }
  }

  #isGone({ sequence }: QueueEntry): void {
    const known = this.#messages.get(sequence)!
    expect([known.gone, known.holder === null]).toEqual([false, false])
    known.gone = true
    known.holder = null
  }

  #consume(): void {
    if (this.#consumers.length >= 5) return
    const wants = this.#chance(0.2) ? (number: number) => number % 3 > 0 : undefined
    const options = { priority: this.#pick([0, 0, 1]), exclusive: this.#chance(0.05) }
    this.#consumers.push(this.#harness.consumer(this.#pick([1, 2, 10, 1000]), wants, options))
  }

  #close(): void {
    if (this.#consumers.length === 0) return
    const [consumer] = this.#consumers.splice(this.#below(this.#consumers.length), 1)
    if (this.#chance(0.3) && consumer!.held.length > 0) {
      // Acknowledged in a transaction whose end is not there yet.
      const [kept] = consumer!.held.splice(this.#below(consumer!.held.length), 1)
      this.#messages.get(kept!.sequence)!.holder = 'nobody'
      this.#left.push(kept!)
    }
    for (const { sequence } of consumer!.held) this.#messages.get(sequence)!.holder = null
    this.#harness.close(consumer!)
    this.#listen()
  }

  /** Commit or rollback of what is left of consumers that have gone. */
  #decide(): void {
    const entry = this.#left.shift()
    if (!entry) return
    const { queue } = this.#harness
    if (this.#chance(0.5)) {
      this.#isGone(entry)
      queue.acknowledge(entry, false)
    } else {
      this.#messages.get(entry.sequence)!.holder = null
      queue.returnToFront([entry])
      queue.dispatch()
    }
    this.#listen()
  }

  #listen(): void {
    const { given } = this.#harness
    for (; this.#heard < given.length; this.#heard++) this.#delivered(given[this.#heard]!)
  }

  #delivered({ consumer, entry, message }: Given): void {
    const number = entry.sequence
    const known = this.#messages.get(number)!
    const check = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`${number} of ${String(known.groupId)} ${what}`)
    }
    check(!known.gone && known.holder === null, 'came although it is gone or in flight')
    check(consumer.wants(number), 'went to a consumer that does not want it')
    check(message.groupId === known.groupId, 'came with the body of another')
    known.holder = consumer
    if (known.groupId === null) return
    const group = this.#groupOf(known.groupId)
    for (let at = group.numbers.indexOf(number) - 1; at >= 0; at--) {
      const other = group.numbers[at]!
      const { closes, gone, holder } = this.#messages.get(other)!
      if (closes) break
      check(gone || holder !== null || !consumer.wants(other), `came before ${other}, which waits`)
    }
    known.generation = group.generation
    group.inFlight.add(number)
    for (const other of group.inFlight) {
      const { holder, generation } = this.#messages.get(other)!
      if (holder === null) group.inFlight.delete(other)
      else check(holder === consumer || generation < group.generation, `came while another had ${other}`)
    }
    this.#note(group, consumer, number, known.closes)
  }

  #groupOf(groupId: string): ModelGroup {
    const known = this.#groups.get(groupId)
    if (known) return known
    const group = { numbers: [], inFlight: new Set<number>(), owner: null, last: 0, generation: 0 }
    this.#groups.set(groupId, group)
    return group
  }

  /** One that comes again, after others have followed it, closes nothing. */
  #note(group: ModelGroup, consumer: TestQueueConsumer, number: number, closes: boolean): void {
    if (group.owner !== consumer) {
      group.owner = consumer
      group.last = 0
    }
    if (number < group.last) return
    group.last = number
    if (!closes) return
    group.owner = null
    group.last = 0
    group.generation++
  }

  async #rest(): Promise<void> {
    await this.#harness.rest()
    this.#listen()
    const { queue, errors } = this.#harness
    expect(errors).toEqual([])
    const waiting = [...this.#messages].filter(([, { gone, holder }]) => !gone && holder === null)
    const inFlight = [...this.#messages.values()].filter(({ holder }) => holder !== null)
    expect(queue.size).toBe(waiting.length + inFlight.length)
    const open = this.#open()
    const busy = new Set(inFlight.map(({ groupId }) => groupId))
    const seen = new Set<string>()
    for (const [number, { groupId }] of waiting) {
      const taker = open.find((consumer) => consumer.wants(number))
      if (groupId === null) {
        if (taker) throw new Error(`${number} waits although a consumer with room wants it`)
        continue
      }
      // The first that waits of a group of which nothing is in flight.
      if (seen.has(groupId)) continue
      seen.add(groupId)
      if (busy.has(groupId)) continue
      if (open.length > 0 && open.length === this.#consumers.length && open.every((consumer) => !consumer.selective))
        throw new Error(`${number} of ${groupId} waits although all have room for it`)
    }
  }

  #open(): TestQueueConsumer[] {
    const exclusive = this.#consumers.filter(({ options }) => options.exclusive)
    // Which of them is it depends on the order in which they came: the queue's own tests say that.
    if (exclusive.length > 0) return []
    return this.#consumers.filter((consumer) => !consumer.full)
  }

  async #drain(): Promise<void> {
    while (this.#consumers.length > 0) this.#close()
    while (this.#left.length > 0) this.#decide()
    await this.#rest()
    const { queue, memory } = this.#harness
    expect([queue.inFlight, queue.messageGroups]).toEqual([0, 0])
    expect(memory.used).toBe(queue.memoryUsed)
    const last = [this.#harness.consumer(20), this.#harness.consumer(3)]
    this.#consumers.push(...last)
    for (;;) {
      await this.#harness.rest()
      this.#listen()
      if (last.every((consumer) => consumer.held.length === 0)) break
      for (const consumer of last)
        for (const entry of Array.from(consumer.held)) {
          this.#isGone(entry)
          this.#harness.acknowledge(consumer, entry)
          this.#listen()
        }
    }
    expect([...this.#messages.values()].every(({ gone }) => gone)).toBe(true)
    expect([queue.size, memory.used]).toEqual([0, 0])
  }

  #chance(share: number): boolean {
    return this.#random.next() < share
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!
  }
}

const first = Number(process.env['FLOTILLA_SEED'] ?? 1)
const worlds = Number(process.env['FLOTILLA_WORLDS'] ?? 20)

test(`groups do what the model says, ${worlds} seeds from ${first}`, async () => {
  let [deliveries, reads] = [0, 0]
  for (let seed = first; seed < first + worlds; seed++) {
    const model = new Model(seed)
    try {
      await model.run(250)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
    deliveries += model.deliveries
    reads += model.reads
  }
  expect(deliveries).toBeGreaterThan(worlds * 50)
  expect(reads).toBeGreaterThan(worlds)
}, 120_000)
