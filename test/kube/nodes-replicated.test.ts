// Groups of three members with a copy each, on two real nodes, while the stock Java client sends and receives: the process of the active, its
// pod, its node, and what elects go, a change is rolled out, and nothing is lost by it. Says how long a takeover took.
//
//   FLOTILLA_FAULT_OUTAGE_SECONDS=120   how long the API server is away (10)
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { load as parseYaml } from 'js-yaml'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectNothingLost, type Takeover, tell, tellTimes } from './nodes-account.ts'
import { type Members, NodeGroup } from './nodes-group.ts'
import { NodeLoad } from './nodes-load.ts'
import { installChart, makeVolume } from './nodes-release.ts'
import { NodeZooKeeper } from './nodes-zookeeper.ts'
import { NodeCluster } from './nodes.ts'

const root = join(import.meta.dirname, '..', '..')
const outageMs = Number(process.env.FLOTILLA_FAULT_OUTAGE_SECONDS ?? 10) * 1000
const waitMs = 300_000
const timeout = '--timeout=120s'
const takeoverWithinMs = 60_000
const members = 3
const quorum = 2

let cluster: NodeCluster

beforeAll(async () => {
  cluster = await NodeCluster.start(2)
  await installChart(cluster)
}, waitMs)

afterAll(() => cluster?.stop(), waitMs)

describe('a group that is elected by a Lease', () => {
  const group = groupUnderLoad('payments', 'replicated')
  const becomesAnother = () => group.rollsOut({ terminationGracePeriodSeconds: 90 })

  test('has a claim for each member', () => group.hasClaims(), waitMs)
  test('takes over when the process of the active is killed', () => group.survivesSigkill(), waitMs)
  test('takes over when the pod of the active is deleted', () => group.survivesDeletion(), waitMs)
  test('keeps a quorum while the node of the active is drained', () => group.survivesDrain(), waitMs)
  test('keeps a quorum while a change is rolled out', becomesAnother, waitMs)

  test(
    'serves on while the API server is away, and nobody takes over when it is back',
    async () => {
      const before = await group.settled()
      await cluster.stopPart('apiserver')
      const over = new Promise((resolve) => setTimeout(resolve, outageMs))
      await group.flows()
      await over
      await group.flows()
      await cluster.startPart('apiserver')
      const after = await group.settled()
      expect([after.active.name, after.term]).toEqual([before.active.name, before.term])
    },
    waitMs + outageMs,
  )

  test('has lost nothing', () => group.accounts(), waitMs)
})

describe('a group that is elected by ZooKeeper', () => {
  let zookeeper: NodeZooKeeper
  beforeAll(() => {
    zookeeper = new NodeZooKeeper(cluster)
  })
  afterAll(() => zookeeper?.kill())

  const group = groupUnderLoad('shipments', 'zookeeper', (text) =>
    text.replace(/address: .*/, () => `address: ${zookeeper.address}`),
  )

  test('has a claim for each member', () => group.hasClaims(), waitMs)
  test('takes over when the process of the active is killed', () => group.survivesSigkill(), waitMs)
  test('takes over when the pod of the active is deleted', () => group.survivesDeletion(), waitMs)

  test(
    'says that ZooKeeper is away, and serves by itself when it is back',
    async () => {
      await group.settled()
      await zookeeper.kill()
      const reason = '--for=jsonpath={.status.conditions[?(@.type=="StorageReady")].reason}=ZooKeeperUnreachable'
      await cluster.kubectl('wait', reason, 'brokercluster/shipments', timeout)
      zookeeper.start()
      await group.flows()
      await group.settled()
    },
    waitMs,
  )

  test('has lost nothing', () => group.accounts(), waitMs)
})

/** The example, with a volume for each member, and clients at work from the first of its tests to the last one. */
function groupUnderLoad(name: string, example: string, edit = (text: string): string => text) {
  const object = `brokercluster/${name}`
  const takeovers: Takeover[] = []
  const has = (path: string, value: string) =>
    cluster.kubectl('wait', `--for=jsonpath={${path}}=${value}`, object, timeout)
  let group: NodeGroup
  let load: NodeLoad

  beforeAll(async () => {
    group = new NodeGroup(cluster, name)
    for (let member = 0; member < members; member++) await makeVolume(cluster, `${name}-${member}`, 'ReadWriteOnce')
    const manifest = edit(readFileSync(join(root, 'examples', `${example}.yaml`), 'utf8'))
    await cluster.apply(parseYaml(manifest) as object)
    await group.isReady()
    load = await NodeLoad.start(cluster, { [name]: await group.url() })
  }, waitMs)

  afterAll(async () => {
    load?.kill()
    await cluster?.kubectl('delete', object, timeout)
  }, waitMs)

  /** Somebody is active in a newer term, and in the end all members follow. */
  async function takeover(fault: (before: Members) => unknown): Promise<void> {
    const before = await group.isReady()
    await load.flows()
    const watch = await group.watchTakeover(before)
    try {
      const faultAt = Date.now()
      const done = fault(before)
      const activeMs = (await inTime('a new active', watch.seen)) - faultAt
      takeovers.push({ faultAt, activeMs })
      tellTimes('another one is active after the order', [activeMs])
      tellTimes('nobody is active', [await watch.without])
      await done
      await load.flows()
      await group.isReady()
    } finally {
      await watch.stop()
    }
  }

  /** All the while a quorum of members is ready. */
  async function oneByOne(change: () => Promise<void>): Promise<void> {
    await group.isReady()
    const readiness = await group.watchReadiness()
    try {
      await change()
      await group.isReady()
      expect(readiness.seen()).toBe(quorum)
    } finally {
      await readiness.stop()
    }
  }

  return {
    settled: () => group.isReady(),
    flows: () => load.flows(),

    async hasClaims() {
      const phases = await cluster.kubectl(
        'get',
        'pvc',
        `--selector=flotilla.dev/cluster=${name}`,
        '--output=jsonpath={.items[*].status.phase}',
      )
      expect(phases).toBe('Bound Bound Bound')
    },

    survivesSigkill: () => takeover(({ active }) => group.kill(active)),
    survivesDeletion: () => takeover(({ active }) => cluster.kubectl('delete', 'pod', active.name)),

    survivesDrain: () =>
      oneByOne(() =>
        takeover(async ({ active: { node } }) => {
          await cluster.kubectl('drain', node, '--ignore-daemonsets', '--delete-emptydir-data', timeout)
          await cluster.kubectl('uncordon', node)
        }),
      ),

    /** Each member gets another address meanwhile, so that nobody watches who is active. */
    rollsOut: (spec: object) =>
      oneByOne(async () => {
        await cluster.kubectl('patch', object, '--type=merge', '--patch', JSON.stringify({ spec }))
        const generation = await cluster.field(object, '.metadata.generation')
        await has('.status.observedGeneration', generation)
        await has('.status.groups[0].updatedReplicas', String(members))
        await load.flows()
      }),

    async accounts() {
      await group.isReady()
      const accounts = await load.account(takeovers.map(({ faultAt }) => faultAt))
      tell(takeovers, accounts)
      expectNothingLost(accounts)
    },
  }
}

async function inTime<Value>(what: string, coming: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`There was not ${what} within ${takeoverWithinMs} ms`)), takeoverWithinMs)
  })
  return Promise.race([coming, late]).finally(() => clearTimeout(timer))
}
