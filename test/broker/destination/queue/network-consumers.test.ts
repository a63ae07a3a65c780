// What a bridge at a queue costs. Who may have what is tested in region/network-consumers.test.ts and network-model.test.ts.
import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueHarness } from './queue-harness.ts'

const { windowMessages, pageMessages } = destinationLimits
const toB = { network: { brokerId: 'B', messageTTL: 1, route: ['B'] } }

const send = (harness: QueueHarness, from: number, to: number, brokerPath: readonly string[] = []): void => {
  for (let number = from; number <= to; number++) harness.arrive(number, harness.write(number, { brokerPath }))
}

test('a bridge is asked about nothing while nothing here came over a bridge', async () => {
  const harness = new QueueHarness(2 ** 30)
  send(harness, 1, 3000)
  await harness.rest()
  const bridge = harness.consumer(5000, undefined, toB)
  await harness.rest()
  expect([bridge.held.length, bridge.asked]).toEqual([3000, 0])
})

test('what came over bridges is shown to it once, and again when it may go after all', async () => {
  const harness = new QueueHarness(2 ** 30)
  send(harness, 1, 3000, ['B'])
  await harness.rest()
  const local = harness.consumer(0)
  const bridge = harness.consumer(5000, undefined, toB)
  await harness.rest()
  const reads = (3000 - windowMessages) / pageMessages
  expect([bridge.held.length, bridge.asked, harness.reads]).toEqual([0, 3000, reads])
  for (let i = 0; i < 3; i++) harness.queue.dispatch()
  await harness.rest()
  expect([bridge.asked, harness.reads]).toEqual([3000, reads])
  harness.close(local)
  await harness.rest()
  expect([bridge.held.length, bridge.asked]).toEqual([3000, 6000])
})

test('what came over bridges does not go back where nobody is known to want it, and does when somebody is', async () => {
  const harness = new QueueHarness(2 ** 30)
  const forNobody = harness.consumer(5000, undefined, { network: { ...toB.network, takesBack: false } })
  send(harness, 1, 3, ['B'])
  send(harness, 4, 4)
  await harness.rest()
  expect(forNobody.held.length).toBe(1)
  const bridge = harness.consumer(5000, undefined, toB)
  harness.close(forNobody)
  await harness.rest()
  expect(bridge.held.length).toBe(4)
})

test('when all that came over bridges is gone it is asked no more', async () => {
  const harness = new QueueHarness(2 ** 30)
  const bridge = harness.consumer(5000, undefined, toB)
  send(harness, 1, 1, ['B'])
  await harness.rest()
  const { asked } = bridge
  expect([asked > 0, bridge.held.length]).toEqual([true, 1])
  harness.queue.sweepExpired()
  send(harness, 2, 100)
  await harness.rest()
  expect([bridge.held.length, bridge.asked]).toEqual([100, asked])
})
