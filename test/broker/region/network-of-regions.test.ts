// Several regions and a bridge for each direction of each link, without wires: consumers move about, and in the end every message
// has come to the last one there is, without having gone to and fro on the way.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ForwardedForm } from '../../../broker/message/forwarded-form.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { RegionHarness, type TestClient, type TestConsumer } from './region-harness.ts'

type Link = readonly [number, number]

const topologies: Readonly<Record<string, readonly Link[]>> = {
  line: [
    [0, 1],
    [1, 2],
    [2, 3],
  ],
  ring: [
    [0, 1],
    [1, 2],
    [2, 0],
  ],
  mesh: [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ],
}

interface Demand {
  readonly at: number
  readonly to: number
  readonly client: TestClient
  readonly consumer: TestConsumer
  forwarded: number
}

/** A client's consumer and all demand that there is for it. */
interface Interest {
  readonly at: number
  readonly consumer: TestConsumer
  readonly demands: Demand[]
  acknowledged: number
}

class Network {
  readonly consumed: number[] = []
  readonly #links: readonly Link[]
  readonly #ttl: number
  readonly #regions: readonly RegionHarness[]
  readonly #interests: Interest[] = []
  #sent = 0
  #forwards = 0
  #bridges = 0

  static async start(links: readonly Link[], ttl: number): Promise<Network> {
    const count = Math.max(...links.flat()) + 1
    return new Network(
      links,
      ttl,
      await Promise.all(Array.from({ length: count }, (_, index) => RegionHarness.start({ brokerId: String(index) }))),
    )
  }

  private constructor(links: readonly Link[], ttl: number, regions: readonly RegionHarness[]) {
    this.#links = links
    this.#ttl = ttl
    this.#regions = regions
  }

  get sent(): number {
    return this.#sent
  }

  send(at: number): void {
    const options = { producerId: 'ID:client:1:1', producerSequenceId: ++this.#sent, persistent: true }
    this.#regionAt(at).connect().send('queue://Q', options)
  }

  consume(at: number, prefetchSize: number): void {
    const consumer = this.#regionAt(at).connect().consume('queue://Q', { prefetchSize })
    const interest: Interest = { at, consumer, demands: [], acknowledged: 0 }
    this.#interests.push(interest)
    this.#spread(interest, at % this.#regions.length, [])
  }

  /** As an advisory does it: to each neighbour that it has not passed. */
  #spread(interest: Interest, from: number, path: readonly number[]): void {
    if (path.length >= this.#ttl) return
    for (const link of this.#links) {
      const at = link[0] === from ? link[1] : link[1] === from ? link[0] : null
      if (at === null || path.includes(at)) continue
      const brokerPath = [...path, from]
      const client = this.#regionAt(at).connect({ network: true })
      const consumer = client.consume('queue://Q', {
        prefetchSize: 3,
        priority: -5 - brokerPath.length,
        network: {
          brokerPath: brokerPath.map(String),
          filter: { brokerId: String(from), messageTTL: this.#ttl },
        },
      })
      interest.demands.push({ at, to: from, client, consumer, forwarded: 0 })
      this.#spread(interest, at, brokerPath)
    }
  }

  acknowledge(which: number): void {
    const interest = this.#interests[which % Math.max(1, this.#interests.length)]
    if (!interest) return
    const { consumer } = interest
    for (; interest.acknowledged < consumer.deliveries.length; interest.acknowledged++) {
      this.consumed.push(consumer.received[interest.acknowledged]!)
      consumer.acknowledge('individual', interest.acknowledged, interest.acknowledged)
    }
  }

  leave(which: number): void {
    const [interest] = this.#interests.splice(which % Math.max(1, this.#interests.length), 1)
    if (!interest) return
    interest.consumer.client.connection.close()
    for (const { client } of interest.demands.reverse()) client.connection.close()
  }

  leaveAll(): void {
    while (this.#interests.length > 0) this.leave(0)
  }

  /** Until nothing is under way. After one event no message goes farther than from one end to the other, and back. */
  async rest(): Promise<void> {
    const most = this.#forwards + 6 * this.#sent
    do {
      if (this.#forwards > most) throw new Error('messages go to and fro')
      for (const region of this.#regions) for (let i = 0; i < 3; i++) await region.settle()
    } while (this.#forward())
  }

  /** One message over each bridge: the others find its window full. */
  #forward(): boolean {
    let some = false
    for (const { demands } of this.#interests)
      for (const demand of demands) {
        if (demand.forwarded === demand.consumer.deliveries.length) continue
        some = true
        this.#forwards++
        this.#send(demand, demand.forwarded++)
      }
    return some
  }

  #send({ at, to, consumer }: Demand, index: number): void {
    const { message, destination } = consumer.deliveries[index]!
    const form = new ForwardedForm({ connectionId: 'bridge', sessionId: 1, value: 1 }, String(at))
    const copy = StoredMessage.scan(form.of(message, destination, 0))
    const sender = this.#regionAt(to).connect({ network: true, connectionId: `bridge-${++this.#bridges}` })
    sender.connection.send(copy, null, () => {})
    consumer.acknowledge('individual', index, index)
  }

  #regionAt(at: number): RegionHarness {
    return this.#regions[at % this.#regions.length]!
  }
}

interface Move {
  readonly do: 'send' | 'consume' | 'leave' | 'acknowledge'
  readonly at: number
}

const at = fc.nat({ max: 11 })
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constant('send' as const), at }),
  fc.record({ do: fc.constant('send' as const), at }),
  fc.record({ do: fc.constantFrom('consume' as const, 'leave' as const, 'acknowledge' as const), at }),
)

const someMoves = fc.array(move, { maxLength: 40 })

const play = async (network: Network, moves: readonly Move[]) => {
  for (const one of moves) {
    if (one.do === 'send') for (let i = 0; i < 3; i++) network.send(one.at)
    else if (one.do === 'consume') network.consume(one.at, 2)
    else network[one.do](one.at)
    await network.rest()
  }
}

describe.each(Object.entries(topologies))('%s', (_, links) => {
  const brokers = Math.max(...links.flat()) + 1

  // A limit as large as there are brokers is enough, however often a message comes back.
  test('everything comes to the last consumer', async () => {
    await fc.assert(
      fc.asyncProperty(someMoves, at, fc.constantFrom(brokers, 100), async (moves, last, ttl) => {
        const network = await Network.start(links, ttl)
        await play(network, moves)
        network.leaveAll()
        network.consume(last, 1000)
        await network.rest()
        network.acknowledge(0)
        const all = Array.from({ length: network.sent }, (_unused, index) => index + 1)
        expect([...new Set(network.consumed)].sort((a, b) => a - b)).toEqual(all)
      }),
      { numRuns: 100 },
    )
  })

  test('nothing goes to and fro, whatever the limit', async () => {
    await fc.assert(
      fc.asyncProperty(someMoves, fc.integer({ min: 1, max: brokers }), async (moves, ttl) => {
        await play(await Network.start(links, ttl), moves)
      }),
      { numRuns: 100 },
    )
  })
})
