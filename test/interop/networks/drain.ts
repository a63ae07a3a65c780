// A broker of ours leaves its network and gives all that its queues have to another one, as its admin port is told. ActiveMQ does nothing
// like it; whoever gets the messages may be ActiveMQ.
import assert from 'node:assert/strict'
import { drained, put } from '../../support/draining-broker.ts'
import { eventually, numbered, receive, sorted, sortedTextsOf, to, toEach, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const few = 100
const many = 500

export const drain: Scene = async (network, { near, far }, check) => {
  if (near !== 'ours') return
  const place = network.place('leaving')
  const third = network.member('ours', 'third', { keepsData: true })
  const leaving = network.member('ours', place, { keepsData: true })
  const neighbour = network.member(far, 'far', { keepsData: true, connectors: [toEach([leaving, third])] })
  await Promise.all([third.start(), leaving.start()])
  await neighbour.start()

  await check('drain: what came from a broker goes back to it, with all that there is', async () => {
    await comesFrom(network, neighbour, leaving)
    await network.send(leaving, 'queue://DRAIN.OWN', numbered(many))
    const adminUrl = `http://127.0.0.1:${place.adminPort}`
    const { status } = await put(adminUrl, [to(neighbour).uri])
    assert.equal(status, 200)
    await drained(adminUrl)
    const depths = async () => [await neighbour.depth('DRAIN.OWN'), await neighbour.depth('DRAIN.BACK')]
    await eventually('depths at the neighbour', depths, ([own, back]) => own === many && back === few)
    const back = await network.consumer(neighbour, 'queue://DRAIN.BACK')
    assert.deepEqual(sortedTextsOf(await receive(back, few)), sorted(numbered(few)))
  })

  await check('drain: from there the messages go on as if they had been sent there', async () => {
    const consumer = await network.consumer(third, 'queue://DRAIN.OWN')
    assert.deepEqual(sortedTextsOf(await receive(consumer, many)), sorted(numbered(many)))
    await eventually(
      'depth at the neighbour',
      () => neighbour.depth('DRAIN.OWN'),
      (depth) => depth === 0,
    )
  })
}

/** Sent there, and here now, with nobody who consumes it. */
async function comesFrom(network: Network, neighbour: NetworkMember, leaving: NetworkMember): Promise<void> {
  const session = await (await network.connect(leaving)).createSession('client')
  const consumer = await session.createConsumer('queue://DRAIN.BACK', { prefetchSize: 1 })
  await network.demanded(neighbour, 'queue://DRAIN.BACK')
  await network.send(neighbour, 'queue://DRAIN.BACK', numbered(few))
  await eventually(
    'depth where it came to',
    () => leaving.depth('DRAIN.BACK'),
    (depth) => depth === few,
  )
  await consumer.close()
}
