// Groups of a network that are scaled away, among real brokers: what they have arrives at those that stay, whatever is killed
// meanwhile.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createConnectionFactory } from '../../broker/client/index.ts'
import {
  events,
  persistentVolumeClaims,
  services,
  statefulSets,
} from '../../hack/localkube/controllers/resource-names.ts'
import { failoverUrl } from '../../hack/start/cluster-view.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { DrainStatus } from '../../operator/api/status-schema.ts'
import { startLocalStack } from '../support/local-stack.ts'
import { brokerClusters, masterSlave, numbersUpTo, receive, send, type Stack } from '../support/stack.ts'

const mesh = (groupCount: number, change: Partial<BrokerClusterSpecInput> = {}): BrokerClusterSpecInput => ({
  ...masterSlave(),
  topology: { type: 'Combined', network: { layout: 'Mesh' } },
  groupCount,
  ...change,
})

describe('scale-down on the stand-in', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startLocalStack()
  })
  afterAll(() => stack.stop())

  /** Of the members of these groups. */
  const urlOf = (cluster: string, ...groups: string[]): string =>
    failoverUrl(
      stack.pods(cluster).filter(({ metadata }) => groups.includes(metadata.labels?.['flotilla.dev/group'] ?? '')),
    )
  const activeOf = (cluster: string, group: string): string | undefined =>
    stack.cluster(cluster).status?.groups?.find(({ name }) => name === group)?.active
  const draining = (cluster: string, holds: (drain: DrainStatus) => boolean): Promise<DrainStatus> =>
    stack.eventually([brokerClusters], () => {
      const { drains = [] } = stack.cluster(cluster).status ?? {}
      return drains.find(holds) ?? JSON.stringify(drains)
    })
  const setsOf = (cluster: string): string[] => stack.listOf(statefulSets, cluster).map(({ metadata }) => metadata.name)

  test('a group that is scaled away forwards what it has, and its claim stays', async () => {
    await stack.apply('moved', mesh(3))
    await stack.ready('moved')
    await send(urlOf('moved', 'g2'), 'MOVED', 500)
    await stack.scale('moved', 2)
    const status = await stack.ready('moved')
    expect(status.summary).toEqual({ active: '2/2', members: '4/4', edges: '1/1' })
    expect(setsOf('moved')).toEqual(['moved-g0', 'moved-g1'])
    expect(stack.get(services, 'moved-g2')).toBeUndefined()
    expect(stack.get(persistentVolumeClaims, 'moved-g2-data')).toBeDefined()
    const received = await receive(urlOf('moved', 'g0'), 'MOVED', 500)
    expect(received.sort((a, b) => a - b)).toEqual(numbersUpTo(500))
    await stack.eventually([events], () => {
      const told = stack.list(events).map((event) => event['reason'])
      return told.includes('DrainCompleted') || JSON.stringify(told)
    })
  })

  test('nothing is lost while clients go on, its active is killed and the operator is', async () => {
    await stack.apply('killed', mesh(3))
    await stack.ready('killed')
    await send(urlOf('killed', 'g2'), 'WAITING', 2_000)
    const traffic = await stack.startTraffic('killed')
    await traffic.flows()
    await stack.scale('killed', 2)
    const { member } = await draining('killed', (drain) => drain.member !== undefined)
    await stack.killMember(member!)
    await stack.endOperator('SIGKILL')
    stack.startOperator()
    await stack.ready('killed')
    await traffic.flows()
    expect(await traffic.stop()).toMatchObject({ lost: [] })
    expect(setsOf('killed')).toEqual(['killed-g0', 'killed-g1'])
    const received = await receive(urlOf('killed', 'g0'), 'WAITING', 2_000)
    expect([...new Set(received)].sort((a, b) => a - b)).toEqual(numbersUpTo(2_000))
  })

  test('a group with messages for a durable subscriber stays, and takes part again when it is scaled back', async () => {
    await stack.apply('kept', mesh(3))
    await stack.ready('kept')
    const url = urlOf('kept', 'g2')
    const subscribe = async (count: number): Promise<string[]> => {
      const connection = await createConnectionFactory(url, { clientId: 'accounting' }).createConnection()
      connection.start()
      const session = await connection.createSession('auto')
      const consumer = await session.createDurableConsumer('topic://PRICES', 'all')
      const bodies: string[] = []
      while (bodies.length < count) bodies.push(String((await consumer.receive(10_000))?.text))
      await connection.close()
      return bodies
    }
    await subscribe(0)
    const connection = await createConnectionFactory(url).createConnection()
    const session = await connection.createSession('auto')
    await (await session.createProducer('topic://PRICES')).send({ body: 'one' })
    await connection.close()
    await stack.scale('kept', 2)
    const drain = await draining('kept', ({ messagesOfSubscriptions }) => messagesOfSubscriptions === 1)
    expect(drain).toMatchObject({ group: 'g2', member: activeOf('kept', 'g2') })
    const { conditions } = stack.cluster('kept').status!
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', reason: 'DrainBlocked' }))
    await stack.scale('kept', 3)
    expect((await stack.ready('kept')).summary).toEqual({ active: '3/3', members: '6/6', edges: '3/3' })
    expect(await subscribe(1)).toEqual(['one'])
    await stack.scale('kept', 2)
    await stack.ready('kept')
    expect(setsOf('kept')).toEqual(['kept-g0', 'kept-g1'])
  })
})
