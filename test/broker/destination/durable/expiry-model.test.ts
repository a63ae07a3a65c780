// Durable subscriptions whose consumers come and go, acknowledge, and leave the rest, while messages arrive that live for a
// while or for ever, memory is short, and the look for what has expired runs in between: each message of each subscription is
// consumed once or expires once, nothing stays behind, and what lives for ever is consumed. More of it:
//   FLOTILLA_SEED=1000 FLOTILLA_ROUNDS=300 npm test -- test/broker/destination/durable/expiry-model
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../../broker/base/random.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { RegionHarness, type TestConsumer } from '../../region/region-harness.ts'

const { expirySweepMs } = destinationLimits
const topic = 'topic://T'

interface Subscriber {
  readonly clientId: string
  consumer: TestConsumer | null
  /** How many of its present consumer's deliveries were acknowledged. */
  acknowledged: number
  readonly consumed: number[]
  transaction: OpenTransaction | null
}

/** Of what one consumer acknowledged in it, which may have gone since. */
interface OpenTransaction {
  readonly consumer: TestConsumer
  readonly numbers: readonly number[]
}

class Model {
  readonly #harness: RegionHarness
  readonly #next: () => number
  readonly #subscribers: Subscriber[]
  /** By number; 0 = never. */
  readonly #expirations = new Map<number, number>()
  readonly #publisher

  static async start(seed: number): Promise<Model> {
    const { next } = seededRandom(seed)
    const memoryLimit = [12 * 1024, 64 * 1024, 2 ** 30][Math.floor(next() * 3)]!
    const deadLetter = { queue: 'DLQ', processExpired: false, processNonPersistent: false }
    const expiryPolicies = [
      {
        kind: 'topic',
        pattern: 'T',
        expireMessagesPeriodMs: expirySweepMs,
        maxExpirePageSize: next() < 0.3 ? 1 + Math.floor(next() * 40) : 5000,
      },
    ] as const
    return new Model(await RegionHarness.start({ memoryLimit, deadLetter, expiryPolicies }), next)
  }

  private constructor(harness: RegionHarness, next: () => number) {
    this.#harness = harness
    this.#next = next
    this.#publisher = harness.connect()
    this.#subscribers = ['a', 'b', 'c'].map((clientId) => ({
      clientId,
      consumer: null,
      acknowledged: 0,
      consumed: [],
      transaction: null,
    }))
    for (const subscriber of this.#subscribers) this.#come(subscriber, 1).close()
  }

  async run(steps: number): Promise<void> {
    for (const subscriber of this.#subscribers) subscriber.consumer = null
    for (let step = 0; step < steps; step++) {
      await this.#command()
      for (let turn = this.#below(6); turn > 0; turn--) await Promise.resolve()
      if (this.#next() < 0.1) await this.#harness.settle()
    }
    await this.#finish()
  }

  async #command(): Promise<void> {
    const subscriber = this.#subscribers[this.#below(this.#subscribers.length)]!
    const drawn = this.#next()
    if (drawn < 0.35) this.#send(1 + this.#below(5))
    else if (drawn < 0.7) await this.#acknowledge(subscriber)
    else if (drawn < 0.82) this.#comeOrGo(subscriber)
    else this.#harness.clock.advance(this.#next() < 0.6 ? this.#below(2000) : expirySweepMs)
  }

  #send(count: number): void {
    for (let n = 0; n < count; n++) {
      const lives = this.#next() < 0.5 ? 0 : 1 + this.#below(2 * expirySweepMs)
      const expiration = lives === 0 ? 0 : this.#harness.clock.nowMs() + lives
      this.#publisher.send(topic, { persistent: true, expiration, body: 'x'.repeat(this.#below(3) * 500) })
      this.#expirations.set(this.#expirations.size + 1, expiration)
    }
  }

  async #acknowledge(subscriber: Subscriber): Promise<void> {
    if (subscriber.transaction) return this.#endTransaction(subscriber, subscriber.transaction)
    const { consumer, acknowledged } = subscriber
    const open = consumer ? consumer.received.length - acknowledged : 0
    if (open === 0) return
    const count = 1 + this.#below(open)
    const numbers = consumer!.received.slice(acknowledged, acknowledged + count)
    const transactionId = this.#next() < 0.4 ? 'TX' : null
    if (transactionId) consumer!.client.connection.begin(transactionId)
    const last = acknowledged + count - 1
    const outcome = consumer!.acknowledge('standard', null, last, { messageCount: count, transactionId })
    expect(outcome.state).not.toBe('failed')
    if (transactionId) subscriber.transaction = { consumer: consumer!, numbers }
    else this.#consumed(subscriber, numbers, consumer!)
  }

  /** Rolled back they are still in the hands of their consumer, or wait again if that has gone. */
  async #endTransaction(subscriber: Subscriber, { consumer, numbers }: OpenTransaction): Promise<void> {
    const { connection } = consumer.client
    subscriber.transaction = null
    if (this.#next() < 0.5) return void consumer.client.outcome((done) => connection.rollback('TX', done))
    const committed = consumer.client.outcome((done) => connection.commit('TX', done))
    await this.#harness.settle()
    expect(committed.state).toBe('done')
    this.#consumed(subscriber, numbers, consumer)
  }

  #consumed(subscriber: Subscriber, numbers: readonly number[], consumer: TestConsumer): void {
    subscriber.consumed.push(...numbers)
    if (subscriber.consumer === consumer) subscriber.acknowledged += numbers.length
  }

  #comeOrGo(subscriber: Subscriber): void {
    if (!subscriber.consumer) return void this.#come(subscriber, 1 + this.#below(10))
    subscriber.consumer.close()
    subscriber.consumer = null
  }

  #come(subscriber: Subscriber, prefetchSize: number): TestConsumer {
    const client = this.#harness.connect({ clientId: subscriber.clientId })
    subscriber.acknowledged = 0
    return (subscriber.consumer = client.consume(topic, { subscriptionName: 's', prefetchSize }))
  }

  /** What has not expired is consumed, and what has is gone: by itself, with all away. */
  async #finish(): Promise<void> {
    for (const subscriber of this.#subscribers) {
      if (subscriber.consumer) this.#comeOrGo(subscriber)
      if (subscriber.transaction) await this.#endTransaction(subscriber, subscriber.transaction)
    }
    for (let sweep = 0; sweep < 5000 && this.#hasMortal(); sweep++) {
      this.#harness.clock.advance(expirySweepMs)
      await this.#harness.settle()
    }
    expect(this.#hasMortal()).toBe(false)
    for (const subscriber of this.#subscribers) {
      this.#come(subscriber, 1000)
      for (let turn = 0; turn < 20; turn++) await this.#harness.settle()
      this.#check(subscriber)
    }
    const { expired, dequeued } = this.#harness.of(topic)
    const consumed = this.#subscribers.reduce((sum, one) => sum + one.consumed.length, 0)
    expect([consumed + expired, dequeued]).toEqual([3 * this.#expirations.size, 3 * this.#expirations.size])
    expect(this.#harness.store.statistics().messages).toBe(0)
    expect([this.#harness.region.memory().used, this.#harness.errors]).toEqual([0, []])
  }

  #hasMortal(): boolean {
    const immortal = [...this.#expirations].filter(([, expiration]) => expiration === 0).map(([number]) => number)
    const { items } = this.#harness.region.subscriptionsPage(0, 10)
    return items.some(({ clientId, pending }) => {
      const { consumed } = this.#subscribers.find((one) => one.clientId === clientId)!
      return pending > immortal.length - consumed.filter((number) => this.#expirations.get(number) === 0).length
    })
  }

  #check(subscriber: Subscriber): void {
    const { consumer, consumed } = subscriber
    const left = consumer!.received
    expect(left.every((number) => this.#expirations.get(number) === 0)).toBe(true)
    if (left.length > 0) consumer!.acknowledge('standard', null, left.length - 1, { messageCount: left.length })
    consumed.push(...left)
    expect(new Set(consumed).size).toBe(consumed.length)
    for (const [number, expiration] of this.#expirations) if (expiration === 0) expect(consumed).toContain(number)
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }
}

const rounds = Number(process.env['FLOTILLA_ROUNDS'] ?? 12)
const firstSeed = Number(process.env['FLOTILLA_SEED'] ?? 1)
const seeds = Array.from({ length: rounds }, (_, index) => firstSeed + index)

test.each(seeds)('whatever happens in between, seed %i', async (seed) => {
  const model = await Model.start(seed)
  await model.run(400)
})
