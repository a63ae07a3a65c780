// Bridges as a region sees them: connections whose consumers take messages to other brokers, and whose sends have been elsewhere.
import type { ConsumerOptions } from '../../../broker/region/region.ts'
import type { RegionHarness, TestClient, TestConsumer } from './region-harness.ts'

export interface TestBridge {
  readonly client: TestClient
  /** A demand of the broker at the other end. */
  demand(destination: string, options?: Partial<ConsumerOptions>): TestConsumer
}

/** To the broker of this id. */
export function bridgeTo(harness: RegionHarness, brokerId: string, messageTTL = 1): TestBridge {
  const client = harness.connect({ network: true })
  const network = { brokerPath: [brokerId], filter: { brokerId, messageTTL } }
  return {
    client,
    demand: (destination, options = {}) => client.consume(destination, { priority: -5, network, ...options }),
  }
}

/** Acknowledges all that it was given, as a bridge does: one by one. */
export function takeAll(consumer: TestConsumer): void {
  for (let at = takenOf(consumer); at < consumer.deliveries.length; at++) {
    consumer.acknowledge('individual', at, at)
    taken.set(consumer, at + 1)
  }
}

const taken = new WeakMap<TestConsumer, number>()

const takenOf = (consumer: TestConsumer): number => taken.get(consumer) ?? 0
