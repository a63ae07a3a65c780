// Random consumers that want some of the messages, arrivals, acknowledgements, returns, expiry and reads that take their time,
// against a simple model: each message goes to a consumer that wants it as soon as one with room is there, to each consumer
// in the order of the messages, and to nobody twice. The order is that in which they came, or by priority first.
import { expect, test } from '@jest/globals'
import { seededRandom, type Random } from '../../../../broker/base/random.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueHarness, type Given, type TestQueueConsumer } from './queue-harness.ts'
import { atLength } from '../../../support/at-length.ts'

type State = 'sending' | 'waiting' | 'inFlight' | 'gone'
type Way = 'store' | 'temp'

interface ModelMessage {
  state: State
  readonly expiration: number
  /** The default one, where the queue does not go by priority. */
  readonly priority: number
}

/** Written, on its way behind its sync. */
interface OnTheWay {
  readonly number: number
  readonly way: Way
  readonly arrive: () => void
  isThere: boolean
}

class Model {
  readonly #random: Random
  readonly #isPrioritized: boolean
  readonly #harness: QueueHarness
  readonly #messages = new Map<number, ModelMessage>()
  #consumers: TestQueueConsumer[] = []
  /** In the order in which they were sent. */
  readonly #onTheWay: OnTheWay[] = []
  /** They arrive now, one after the other. */
  readonly #arriving = new Set<number>()
  #last = 0
  #heard = 0
  #expiredHeard = 0
  deliveries = 0
  reads = 0

  constructor(seed: number, isPrioritized: boolean) {
    this.#random = seededRandom(seed)
    this.#isPrioritized = isPrioritized
    this.#harness = new QueueHarness(this.#pick([16 * 1024, 64 * 1024, 2 ** 30]), undefined, isPrioritized)
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
    if (drawn < 0.35) this.#send(this.#chance(0.02) ? 600 : this.#below(12))
    else if (drawn < 0.5) this.#sync(this.#pick(['store', 'temp']))
    else if (drawn < 0.8) this.#acknowledge(this.#below(10))
    else if (drawn < 0.9) this.#consume()
    else if (drawn < 0.96) this.#close()
    else if (drawn < 0.98) {
      this.#harness.clock.advance(100)
      this.#harness.queue.sweepExpired()
    } else {
      this.#harness.clock.advance(100)
      void this.#harness.queue.sweepExpiredInStore()
    }
  }

  #send(count: number): void {
    for (let i = 0; i < count; i++) {
      const number = ++this.#last
      const expiration = this.#chance(0.05) ? this.#harness.clock.nowMs() + this.#below(500) + 1 : 0
      const priority = this.#isPrioritized ? this.#pick([0, 3, 4, 4, 4, 9]) : 4
      const options = { expiration, priority, body: 'x'.repeat(this.#pick([0, 100, 3000])) }
      this.#messages.set(number, { state: 'sending', expiration, priority })
      const drawn = this.#random.next()
      if (drawn < 0.7) {
        const message = this.#harness.write(number, options)
        const kept = this.#chance(0.9) ? message : null
        this.#expect(number, 'store', () => this.#harness.arrive(number, kept, priority))
      } else if (drawn < 0.9) {
        const message = this.#harness.spill(number, options)
        this.#expect(number, 'temp', () => this.#harness.arriveSpilled(number, message))
      } else {
        this.#messages.get(number)!.state = 'waiting'
        this.#harness.sendVolatile(number, options)
        this.#listen()
      }
    }
    if (this.#chance(0.5)) this.#sync(this.#pick(['store', 'temp']))
  }

  #expect(number: number, way: Way, arrive: () => void): void {
    this.#onTheWay.push({ number, way, arrive, isThere: false })
  }

  /** All that is on its way by this way is there; it waits in the queue when all before it are there, too. */
  #sync(way: Way): void {
    this.#listen()
    for (const one of this.#onTheWay.filter((other) => other.way === way && !other.isThere)) {
      one.isThere = true
      while (this.#onTheWay[0]?.isThere) {
        const { number } = this.#onTheWay.shift()!
        this.#messages.get(number)!.state = 'waiting'
        this.#arriving.add(number)
      }
      one.arrive()
      this.#listen()
      this.#arriving.clear()
    }
  }

  #acknowledge(count: number): void {
    for (let i = 0; i < count; i++) {
      const consumer = this.#consumers[this.#below(this.#consumers.length)]
      const entry = consumer?.held[this.#below(consumer.held.length)]
      if (!consumer || !entry) continue
      this.#messages.get(entry.sequence)!.state = 'gone'
      this.#harness.acknowledge(consumer, entry)
      this.#listen()
    }
  }

  #consume(): void {
    if (this.#consumers.length >= 5) return
    const modulus = 2 + this.#below(6)
    const rest = this.#below(modulus + 1)
    const wants = this.#chance(0.15) ? undefined : (number: number) => number % modulus === rest
    const options = { priority: this.#pick([0, 0, 1]), exclusive: this.#chance(0.03) }
    this.#consumers.push(this.#harness.consumer(this.#pick([1, 3, 20, 1000]), wants, options))
  }

  #close(): void {
    if (this.#consumers.length === 0) return
    const [consumer] = this.#consumers.splice(this.#below(this.#consumers.length), 1)
    for (const { sequence } of consumer!.held) this.#messages.get(sequence)!.state = 'waiting'
    this.#harness.close(consumer!)
    this.#listen()
  }

  #listen(): void {
    const { given, expired } = this.#harness
    for (; this.#expiredHeard < expired.length; this.#expiredHeard++) {
      const message = this.#messages.get(expired[this.#expiredHeard]!.sequence)!
      expect(message.state === 'waiting' && message.expiration <= this.#harness.clock.nowMs()).toBe(true)
      message.state = 'gone'
    }
    for (; this.#heard < given.length; this.#heard++) this.#delivered(given[this.#heard]!)
  }

  #delivered({ consumer, entry, message }: Given): void {
    const number = entry.sequence
    const known = this.#messages.get(number)!
    const check = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`${number} ${what}`)
    }
    check(known.state === 'waiting', `came although it is ${known.state}`)
    check(message.producerSequenceId === number, 'came with the body of another')
    check(consumer.wants(number), 'went to a consumer that does not want it')
    for (const [other, { state, expiration, priority }] of this.#messages) {
      if (other > number && !this.#isPrioritized) break
      if (other > number && this.#arriving.has(other)) continue
      const isBefore = priority > known.priority || (priority === known.priority && other < number)
      const passed = isBefore && state === 'waiting' && consumer.wants(other) && !this.#isExpired(expiration)
      check(!passed, `passed over ${other}`)
    }
    known.state = 'inFlight'
  }

  async #rest(): Promise<void> {
    this.#sync('store')
    this.#sync('temp')
    await this.#harness.rest()
    this.#listen()
    const { queue, errors, memory } = this.#harness
    expect(errors).toEqual([])
    const exclusive = this.#consumers.some(({ options }) => options.exclusive)
    let size = 0
    for (const [number, { state, expiration }] of this.#messages) {
      if (state === 'waiting' || state === 'inFlight') size++
      if (state !== 'waiting' || exclusive || this.#isExpired(expiration)) continue
      const taker = this.#consumers.find((consumer) => !consumer.full && consumer.wants(number))
      if (taker) throw new Error(`${number} waits although a consumer with room wants it`)
    }
    expect(queue.size).toBe(size)
    expect(memory.used).toBeGreaterThanOrEqual(queue.memoryUsed)
  }

  async #drain(): Promise<void> {
    while (this.#consumers.length > 0) this.#close()
    await this.#rest()
    const { queue, clock, memory } = this.#harness
    // Nothing is held for those who looked: all that is in memory waits.
    expect(memory.used).toBe(queue.memoryUsed)
    clock.advance(1000)
    const last = this.#harness.consumer(50)
    const first = this.#harness.given.length
    for (;;) {
      await this.#harness.rest()
      this.#listen()
      if (last.held.length === 0) break
      for (const entry of Array.from(last.held)) {
        this.#messages.get(entry.sequence)!.state = 'gone'
        this.#harness.acknowledge(last, entry)
        this.#listen()
      }
    }
    const order = this.#harness.given.slice(first).map(({ entry }) => entry.sequence)
    const priorityOf = (number: number): number => this.#messages.get(number)!.priority
    expect(order).toEqual(order.toSorted((a, b) => priorityOf(b) - priorityOf(a) || a - b))
    expect([...this.#messages.values()].every(({ state }) => state === 'gone')).toBe(true)
    expect([queue.size, memory.used, this.#harness.spilled, this.#harness.stored]).toEqual([0, 0, 0, 0])
    expect(this.#harness.errors).toEqual([])
  }

  #isExpired(expiration: number): boolean {
    return expiration > 0 && expiration <= this.#harness.clock.nowMs()
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
const worlds = Number(process.env['FLOTILLA_WORLDS'] ?? atLength(30, 8))

test.each([
  ['a queue', false],
  ['a queue by priority', true],
])(
  `%s does what the model says, ${worlds} seeds from ${first}`,
  async (_name, isPrioritized) => {
    let [deliveries, reads] = [0, 0]
    for (let seed = first; seed < first + worlds; seed++) {
      const model = new Model(seed, isPrioritized)
      try {
        await model.run(250)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
      deliveries += model.deliveries
      reads += model.reads
    }
    expect(deliveries).toBeGreaterThan(worlds * destinationLimits.pageMessages * 0.1)
    expect(reads).toBeGreaterThan(worlds)
  },
  120_000,
)
