// Random clients and bridges at one queue, against the rule of who may have what: nothing may wait that somebody with room may have.
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { bridgeTo } from './bridge-harness.ts'
import { RegionHarness, type TestClient, type TestConsumer } from './region-harness.ts'

const brokers = ['A', 'B', 'C']
const messageTTL = 2

interface Sent {
  readonly number: number
  readonly path: readonly string[]
  at: Reader | 'waiting' | 'gone'
}

interface Reader {
  readonly client: TestClient
  readonly consumer: TestConsumer
  /** null: a client's. */
  readonly brokerId: string | null
  readonly prefetch: number
  looked: number
}

type Step =
  | { readonly do: 'send'; readonly path: readonly string[]; readonly persistent: boolean; readonly count: number }
  | { readonly do: 'open'; readonly brokerId: string | null; readonly prefetch: number }
  | { readonly do: 'close' | 'disconnect' | 'acknowledge'; readonly which: number }
  | { readonly do: 'sweep' }

const which = fc.nat({ max: 20 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('send' as const),
    path: fc.oneof(fc.constant<string[]>([]), fc.uniqueArray(fc.constantFrom(...brokers), { minLength: 1 })),
    persistent: fc.boolean(),
    count: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({
    do: fc.constant('open' as const),
    brokerId: fc.constantFrom(null, ...brokers),
    prefetch: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ do: fc.constantFrom('close' as const, 'disconnect' as const), which }),
  fc.record({ do: fc.constant('acknowledge' as const), which }),
  fc.record({ do: fc.constant('acknowledge' as const), which }),
  fc.constant({ do: 'sweep' as const }),
)

class Model {
  readonly #sent: Sent[] = []
  readonly #readers: Reader[] = []
  readonly #harness: RegionHarness
  readonly #client: TestClient
  readonly #alwaysPersistent: boolean

  /** `alwaysPersistent`: what is not would wait with its sender when memory is short. */
  constructor(harness: RegionHarness, alwaysPersistent: boolean) {
    this.#harness = harness
    this.#alwaysPersistent = alwaysPersistent
    this.#client = harness.connect({ network: true })
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#client.consume('queue://Q').close()
    for (const one of steps) {
      this.#do(one)
      for (let i = 0; i < 10; i++) await this.#harness.settle()
      this.#note()
      this.#check(JSON.stringify(one))
    }
  }

  #do(one: Step): void {
    switch (one.do) {
      case 'send':
        for (let i = 0; i < one.count; i++) {
          const number = this.#sent.length + 1
          const { path } = one
          const persistent = one.persistent || this.#alwaysPersistent
          this.#client.send('queue://Q', { producerSequenceId: number, persistent, brokerPath: path })
          this.#sent.push({ number, path, at: 'waiting' })
        }
        return
      case 'open':
        return this.#open(one.brokerId, one.prefetch)
      case 'sweep':
        return this.#harness.clock.advance(30_000)
      case 'close':
      case 'disconnect':
      case 'acknowledge':
        return this.#leave(one.do, one.which)
    }
  }

  #open(brokerId: string | null, prefetch: number): void {
    const bridge = brokerId === null ? null : bridgeTo(this.#harness, brokerId, messageTTL)
    const client = bridge?.client ?? this.#harness.connect()
    const options = { prefetchSize: prefetch }
    const consumer = bridge ? bridge.demand('queue://Q', options) : client.consume('queue://Q', options)
    this.#readers.push({ client, consumer, brokerId, prefetch, looked: 0 })
  }

  #leave(how: 'close' | 'disconnect' | 'acknowledge', number: number): void {
    const reader = this.#readers[number % Math.max(1, this.#readers.length)]
    if (!reader) return
    if (how === 'acknowledge') {
      for (const sent of this.#heldBy(reader)) {
        const at = reader.consumer.deliveries.findLastIndex(({ message }) => message.producerSequenceId === sent.number)
        reader.consumer.acknowledge('individual', at, at)
        sent.at = 'gone'
      }
      return
    }
    this.#readers.splice(this.#readers.indexOf(reader), 1)
    for (const sent of this.#heldBy(reader)) sent.at = 'waiting'
    if (how === 'close') reader.consumer.close()
    else reader.client.connection.close()
  }

  #heldBy(reader: Reader): Sent[] {
    return this.#sent.filter(({ at }) => at === reader)
  }

  /** Who was given what. */
  #note(): void {
    for (const reader of this.#readers)
      for (; reader.looked < reader.consumer.deliveries.length; reader.looked++) {
        const sent = this.#sent[reader.consumer.deliveries[reader.looked]!.message.producerSequenceId - 1]!
        expect([sent.number, sent.at]).toEqual([sent.number, 'waiting'])
        sent.at = reader
      }
  }

  #check(after: string): void {
    const waiting = this.#sent.filter(({ at }) => at === 'waiting')
    const withRoom = this.#readers.filter((reader) => this.#heldBy(reader).length < reader.prefetch)
    const forgotten = waiting.filter((sent) => withRoom.some((reader) => this.#mayHave(reader, sent)))
    expect([after, forgotten.map(({ number }) => number)]).toEqual([after, []])
    const unwanted = waiting.filter((sent) => !this.#readers.some((reader) => this.#mayHave(reader, sent)))
    const { size, withoutConsumer } = this.#harness.of('queue://Q')
    expect([after, size]).toEqual([after, this.#sent.filter(({ at }) => at !== 'gone').length])
    if (withRoom.length === this.#readers.length) expect([after, withoutConsumer]).toEqual([after, unwanted.length])
    else expect(withoutConsumer).toBeLessThanOrEqual(unwanted.length)
  }

  #mayHave({ brokerId }: Reader, { path }: Sent): boolean {
    if (brokerId === null) return true
    if (!path.includes(brokerId)) return path.length < messageTTL
    return !this.#readers.some((other) => other.brokerId === null || this.#takesFarther(other, path))
  }

  #takesFarther({ brokerId }: Reader, path: readonly string[]): boolean {
    return brokerId !== null && !path.includes(brokerId) && path.length < messageTTL
  }
}

const plenty = 2 ** 30

test.each([plenty, 24_000])('nothing is forgotten, with %d bytes of memory', async (memoryLimit) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await new Model(await RegionHarness.start({ memoryLimit }), memoryLimit < plenty).run(steps)
    }),
    { numRuns: 150 },
  )
})
