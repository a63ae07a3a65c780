// Brokers that lie hurt nobody but themselves (docs/reliability.md). Each lie is told over a real bridge, without sockets.
import { describe, expect, test } from '@jest/globals'
import { unreadTimeoutMs } from '../../../broker/network/limits.ts'
import { buildKeepAlive } from '../../../broker/openwire/build-commands.ts'
import { LyingBroker, there } from '../../reliability/bridge-strangers/lying-broker.ts'
import { settle } from '../../reliability/janitor.ts'
import { consumer, temporary } from '../network/demand/demand-harness.ts'
import { textMessage } from '../session/openwire/test-commands.ts'

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('who it is', () => {
  test.each([
    ['brokerId', { brokerId: null }, 'brokerId is missing'],
    ['brokerName', { brokerName: '' }, 'brokerName is missing'],
    ['length', { brokerName: 'n'.repeat(2000) }, 'brokerName has 2000 characters'],
  ])('has to be said: %s', async (_what, brokerInfo, reason) => {
    const liar = await LyingBroker.dialled({ brokerInfo })
    expect(liar.bridge).toMatchObject({ state: 'Down', reason: expect.stringContaining(reason) })
    expect(liar.peer.closed).toBe(true)
  })
})

describe('temporary destinations', () => {
  const replies = 'temp-queue://ID:requester:1:1'

  test('of clients here are not there as well: the replies that a client waits for are its own', async () => {
    const liar = await LyingBroker.dialled({ settings: { decreaseNetworkConsumerPriority: false } })
    const requester = liar.client('ID:requester:1')
    requester.create(replies)
    requester.consume(replies)
    await liar.advise(temporary('add', replies), consumer('thief', replies, { priority: 127 }))
    await liar.client().send(replies, 20)
    expect(await requester.receive()).toEqual(numbers(1, 20))
    await liar.advise(temporary('remove', replies))
    await liar.client('ID:other').send(replies, 3)
    expect(await requester.receive()).toEqual(numbers(1, 3))
    expect(liar.take()).toEqual([])
    expect(liar.bridge.state).toBe('Connected')
  })
})

describe('a duplex bridge whose other end never reads', () => {
  const settings = { duplex: true }

  test('is not read any more before its answers take the memory, and is given up', async () => {
    const liar = await LyingBroker.dialled({ settings })
    liar.peer.takesBytes = false
    const message = liar.peer.codec.encode(
      textMessage({ responseRequired: true, persistent: false, destination: topic }),
    )
    let sent = 0
    for (; liar.peer.reading && !liar.peer.closed && sent < 500_000; sent++) liar.peer.give(message)
    await settle()
    expect(sent).toBeLessThan(500_000)
    expect(liar.peer.untakenBytes).toBeLessThan(16 * 2 ** 20)
    liar.world.clock.advance(unreadTimeoutMs)
    expect(liar.bridge.reason).toContain('has not read what it was sent')
  })

  test('is not told that we are alive, again and again', async () => {
    const liar = await LyingBroker.dialled({ settings })
    liar.peer.takesBytes = false
    const question = liar.peer.codec.encode({ ...buildKeepAlive(7), responseRequired: true })
    for (let asked = 0; asked < 100_000; asked++) liar.peer.give(question)
    expect(liar.peer.untakenBytes).toBeLessThan(64 * 1024)
  })
})

const topic = { kind: 'ActiveMQTopic', physicalName: 'T' } as const
void there
