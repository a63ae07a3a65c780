// A region with a publisher and a subscriber whose subscriptions are durable.
import type { ConsumerOptions } from '../../../broker/region/region.ts'
import { RegionHarness, type TestClient, type TestConsumer } from './region-harness.ts'

export const topic = 'topic://PRICES'
export const persistent = { persistent: true }

export const subscribe = (
  client: TestClient,
  options: Partial<ConsumerOptions> = {},
  destination = topic,
): TestConsumer => client.consume(destination, { subscriptionName: 'all', ...options })

export async function started(options: Parameters<typeof RegionHarness.start>[0] = {}) {
  const harness = await RegionHarness.start(options)
  const [publisher, subscriber] = [harness.connect(), harness.connect({ clientId: 'shop' })]
  /** Sends so many persistent messages. */
  const publish = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) publisher.send(topic, persistent)
    await harness.settle()
  }
  const pending = (): number => harness.region.subscriptionsPage(0, 10).items[0]!.pending
  return { harness, publisher, subscriber, publish, pending }
}
