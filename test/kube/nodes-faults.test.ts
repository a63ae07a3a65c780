// What can happen to a cluster on two real nodes while the stock Java client sends and receives, and that it loses nothing
// by it: processes, pods, a node, the operator and the API server go, each in turn. Says how long clients stood still.
//
//   FLOTILLA_FAULT_ROUNDS=20            faults of each kind (1); a quarter of it of those that take a minute
//   FLOTILLA_FAULT_OUTAGE_SECONDS=120   how long the API server is away (10)
import { afterAll, afterEach, beforeAll, describe, test } from '@jest/globals'
import { expectNothingLost, type Takeover, tell } from './nodes-account.ts'
import { NodeLoad } from './nodes-load.ts'
import { NodeCluster } from './nodes.ts'
import { type GroupMember, NodeGroup, type Pair, type Sighting } from './nodes-group.ts'
import { applyExample, installChart, inOperators, leadOn, makeVolume } from './nodes-release.ts'

const rounds = Number(process.env.FLOTILLA_FAULT_ROUNDS ?? 1)
const longRounds = Math.ceil(rounds / 4)
const outageMs = Number(process.env.FLOTILLA_FAULT_OUTAGE_SECONDS ?? 10) * 1000
const waitMs = 300_000
const timeout = '--timeout=300s'
/** Clients notice a silent connection after two to three times this; by default that is 60 to 90 s, too long for one round. */
const attentive = '?nested.wireFormat.maxInactivityDuration=3000&nested.connectionTimeout=1000'

describe('a cluster under load on two nodes', () => {
  let cluster: NodeCluster
  let orders: NodeGroup
  let load: NodeLoad | undefined
  let watches: Sighting[] = []

  beforeAll(async () => {
    cluster = await NodeCluster.start(2)
    orders = new NodeGroup(cluster, 'orders')
    await installChart(cluster)
  }, waitMs)

  afterEach(async () => {
    load?.kill()
    for (const watch of watches) await watch.stop()
    watches = []
  })

  afterAll(() => cluster?.stop(), waitMs)

  const watched = (watch: Sighting): Sighting => {
    watches.push(watch)
    return watch
  }
  const becomesActive = async (member: GroupMember) => watched(await orders.watchRole(member, 'Active'))

  /** Faults, one after the other, while clients of each of these URLs are at work. Nothing may be lost by them. */
  const underLoad = async (count: number, urls: Record<string, string>, fault: () => Promise<Takeover>) => {
    const takeovers: Takeover[] = []
    load = await NodeLoad.start(cluster, urls)
    for (let number = 1; number <= count; number++) {
      await load.flows()
      takeovers.push(await fault())
      await load.flows()
    }
    const accounts = await load.account(takeovers.map(({ faultAt }) => faultAt))
    tell(takeovers, accounts)
    expectNothingLost(accounts)
  }

  /** The standby takes over, and who was active before comes back as the standby. */
  const takeover = async (fault: (before: Pair) => unknown, mend: (before: Pair) => unknown = () => {}) => {
    const before = await orders.members()
    await orders.areFound(before)
    const active = await becomesActive(before.standby)
    const service = watched(await orders.watchService(before.standby))
    const faultAt = Date.now()
    await fault(before)
    const activeMs = (await active.seen) - faultAt
    await load!.flows()
    const serviceMs = (await service.seen) - faultAt
    await service.stop()
    await mend(before)
    await orders.settles({ active: before.standby.name, standby: before.active.name })
    return { faultAt, activeMs, serviceMs }
  }

  /** The same when the process of the active is killed while nobody sees it who would write a status. */
  const takeoverUnseen = async (leave: () => Promise<unknown>, comeBack: () => Promise<unknown>) => {
    const before = await orders.members()
    await orders.areFound(before)
    const active = await becomesActive(before.standby)
    await leave()
    await load!.flows()
    const faultAt = Date.now()
    orders.kill(before.active)
    const activeMs = (await active.seen) - faultAt
    await load!.flows()
    await watched(await orders.watchRole(before.active, 'Standby')).seen
    await comeBack()
    await orders.settles({ active: before.standby.name, standby: before.active.name })
    await orders.renews(before.active.name)
    return { faultAt, activeMs }
  }

  test.each([
    ['standalone', 'single', 'ReadWriteOnce'],
    ['master-slave', 'orders', 'ReadWriteMany'],
  ] as const)(
    'the example %s becomes Ready',
    async (example, name, accessMode) => {
      await makeVolume(cluster, name, accessMode)
      await applyExample(cluster, example)
      await cluster.kubectl('wait', '--for=condition=Ready', `brokercluster/${name}`, timeout)
    },
    waitMs,
  )

  test(
    'the process of the active is killed',
    async () =>
      underLoad(rounds, { url: await orders.url() }, async () => {
        const taken = await takeover(({ active }) => orders.kill(active))
        await orders.renews((await orders.members()).standby.name)
        return taken
      }),
    waitMs * (1 + rounds),
  )

  test.each([
    ['deleted', []],
    ['deleted by force', ['--force', '--grace-period=0']],
  ])(
    'the pod of the active is %s',
    async (_, how) =>
      underLoad(rounds, { url: await orders.url() }, () =>
        takeover(({ active }) => cluster.kubectl('delete', 'pod', active.name, '--wait=false', ...how)),
      ),
    waitMs * (1 + rounds),
  )

  test(
    'the node of the active is drained',
    async () =>
      underLoad(longRounds, { url: await orders.url() }, async () => {
        const taken = await takeover(
          ({ active }) =>
            cluster.kubectl('drain', active.node, '--ignore-daemonsets', '--delete-emptydir-data', timeout),
          ({ active }) => cluster.kubectl('uncordon', active.node),
        )
        await orders.spreads()
        return taken
      }),
    waitMs * (1 + longRounds),
  )

  test(
    'the node of the active and of the operator that leads loses power',
    async () => {
      const url = await orders.url()
      const urls = { attentive: url + attentive, ...(rounds > 1 && { url }) }
      await underLoad(longRounds, urls, async () => {
        const { active } = await orders.members()
        await leadOn(cluster, active.node)
        return takeover(
          ({ active: { node } }) => cluster.stopNode(node),
          async ({ active: { node } }) => {
            await cluster.kubectl('wait', '--for=condition=Ready=Unknown', `node/${node}`, timeout)
            await cluster.startNode(node)
          },
        )
      })
    },
    waitMs * (1 + longRounds),
  )

  test(
    'the active is killed while no operator runs',
    async () => {
      const scale = (replicas: number) => inOperators(cluster, 'scale', 'deployment/flotilla', `--replicas=${replicas}`)
      const leave = async () => {
        await scale(0)
        await inOperators(cluster, 'wait', '--for=delete', 'pod', '--all', timeout)
      }
      await underLoad(longRounds, { url: await orders.url() }, () => takeoverUnseen(leave, () => scale(2)))
    },
    waitMs * (1 + longRounds),
  )

  test(
    'the active is killed while the API server is away',
    async () => {
      let over: Promise<void> | undefined
      const leave = async () => {
        await cluster.stopPart('apiserver')
        over = new Promise((resolve) => setTimeout(resolve, outageMs))
      }
      const comeBack = async () => {
        await over
        await load!.flows()
        await cluster.startPart('apiserver')
      }
      await underLoad(1, { url: await orders.url() }, () => takeoverUnseen(leave, comeBack))
    },
    waitMs + outageMs,
  )
})
