// Brokers are killed while messages flow: each message that a broker has answered for arrives. One that was under way without an
// answer may arrive twice.
import assert from 'node:assert/strict'
import type { MessageConsumer } from '../../../broker/client/index.ts'
import { eventually, failover, numbered, to, toActiveOf, toEach, type Network } from './network.ts'
import type { Connector, MemberPlace } from './network-member.ts'
import type { Pair, Scene } from './scene.ts'

const flood = 1000
/** So many have arrived when a broker is killed. */
const killAfter = 100

export const farKilled: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far', { keepsData: true })
  const local = network.member(near, 'near', { keepsData: true, connectors: [to(remote)] })
  await remote.start()
  await local.start()
  await check(`the broker that receives is killed: none of ${flood} persistent messages is lost`, async () => {
    const arrived = await arrivals(network, failover(remote), 'queue://FAR.KILLED')
    await network.demanded(local, 'queue://FAR.KILLED')
    return survives(network, failover(local), 'queue://FAR.KILLED', arrived, async () => {
      await remote.kill()
      await remote.start()
    })
  })
}

export const nearKilled: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far', { keepsData: true })
  const local = network.member(near, 'near', { keepsData: true, connectors: [to(remote)] })
  await remote.start()
  await local.start()
  await check(`the broker that forwards is killed: none of ${flood} persistent messages is lost`, async () => {
    const arrived = await arrivals(network, failover(remote), 'queue://NEAR.KILLED')
    await network.demanded(local, 'queue://NEAR.KILLED')
    return survives(network, failover(local), 'queue://NEAR.KILLED', arrived, async () => {
      await local.kill()
      await local.start()
    })
  })
}

export const masterSlave: Scene = async (network, pair, check) => {
  const { master, slave, local, takenOver, pairUrl } = await withPair(network, pair, (places) =>
    toActiveOf(places, { duplex: true }),
  )
  await check(
    `masterslave: the master is killed, none of ${flood} persistent messages to the pair is lost`,
    async () => {
      const arrived = await arrivals(network, pairUrl, 'queue://PAIR.OUT')
      await network.demanded(local, 'queue://PAIR.OUT')
      return survives(network, failover(local), 'queue://PAIR.OUT', arrived, async () => {
        await master.kill()
        await takenOver
      })
    },
  )
  await check('masterslave: the duplex bridge forwards from the slave that is master now', async () => {
    const arrived = await arrivals(network, failover(local), 'queue://PAIR.BACK')
    await network.demanded(slave, 'queue://PAIR.BACK')
    await network.send(slave, 'queue://PAIR.BACK', numbered(flood))
    return arrived.all()
  })
}

/** As it was written before there was masterslave:(…), and still is. */
export const staticFailover: Scene = async (network, pair, check) => {
  const { master, local, takenOver, pairUrl } = await withPair(network, pair, (places) =>
    toEach([{ url: `failover:(${places.map(({ url }) => url).join(',')})?randomize=false&maxReconnectAttempts=0` }]),
  )
  await check('static:(failover:(…)): the bridge follows to the slave that is master now', async () => {
    const arrived = await arrivals(network, pairUrl, 'queue://PAIR')
    await network.demanded(local, 'queue://PAIR')
    return survives(network, failover(local), 'queue://PAIR', arrived, async () => {
      await master.kill()
      await takenOver
    })
  })
}

async function withPair(
  network: Network,
  { near, far }: Pair,
  connectorTo: (places: readonly MemberPlace[]) => Connector,
) {
  const places = [network.place('far'), network.place('far')] as const
  const master = network.member(far, places[0], { keepsData: true })
  const slave = network.member(far, places[1], { keepsData: true })
  const local = network.member(near, 'near', { keepsData: true, connectors: [connectorTo(places)] })
  await master.start()
  const takenOver = slave.start()
  takenOver.catch(() => {}) // Who waits for it hears of it.
  await local.start()
  return { master, slave, local, takenOver, pairUrl: failover(master, slave) }
}

interface Arrivals {
  atLeast(count: number): Promise<unknown>
  /** All texts have come; says how many came more than once. */
  all(): Promise<string>
}

async function arrivals(network: Network, at: string, queue: string): Promise<Arrivals> {
  const times = new Map<string, number>()
  let total = 0
  const consumer: MessageConsumer = await network.consumer(at, queue)
  consumer.setListener(({ text }) => {
    total++
    times.set(text!, (times.get(text!) ?? 0) + 1)
  })
  const atLeast = (count: number): Promise<unknown> =>
    eventually(
      'different messages',
      async () => times.size,
      (size) => size >= count,
    )
  return {
    atLeast,
    async all() {
      await atLeast(flood)
      assert.deepEqual(new Set(times.keys()), new Set(numbered(flood)))
      return `${total - flood} came twice`
    },
  }
}

/** Half of them are sent before, half while it happens. */
async function survives(
  network: Network,
  from: string,
  queue: string,
  arrived: Arrivals,
  strike: () => Promise<void>,
): Promise<string> {
  const texts = numbered(flood)
  const before = network.send(from, queue, texts.slice(0, flood / 2))
  await arrived.atLeast(killAfter)
  const struck = strike()
  await Promise.all([before, network.send(from, queue, texts.slice(flood / 2)), struck])
  return arrived.all()
}
