// Of operator.ts: groups that are scaled away, with the subresource that `kubectl scale` uses.
import { expect, test } from '@jest/globals'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { BrokerClusterStatus } from '../../operator/api/status-schema.ts'
import type { KubeClient, KubeObject } from '../../operator/kube/port.ts'
import { brokerClusters, events, persistentVolumeClaims, statefulSets } from '../../operator/kube/resource-types.ts'
import { sharedPair } from '../support/cluster-harness.ts'
import { eventually, waitMs } from './eventually.ts'
import type { PodPlayer } from './pod-player.ts'

/** What there is when the tests run. */
export interface OperatorSuite {
  readonly client: KubeClient
  readonly player: PodPlayer
  readonly namespace: string
  put(name: string, spec: BrokerClusterSpecInput): Promise<unknown>
  read(name: string): Promise<BrokerCluster>
  ready(name: string): Promise<BrokerClusterStatus>
  podsOf(name: string): Promise<KubeObject[]>
}

export function operatorDrains(suite: () => OperatorSuite): void {
  const metadata = (name: string) => ({ namespace: suite().namespace, name })
  const scale = async (name: string, replicas: number) => {
    const subresource = { ...brokerClusters, kind: 'Scale', plural: `${brokerClusters.plural}/${name}` }
    const patched = await suite().client.mergePatch(subresource, metadata('scale'), { spec: { replicas } }, 'kubectl')
    return patched as KubeObject & { status: { replicas: number; selector: string } }
  }
  const drainsOf = async (name: string) => (await suite().read(name)).status?.drains ?? []

  test(
    'drains a group that is scaled away, takes it back in the middle, and keeps its claim when it goes',
    async () => {
      const { client, player, put, ready, podsOf } = suite()
      await put('drained', {
        ...sharedPair(),
        topology: { type: 'Combined', network: { layout: 'Mesh' } },
        groupCount: 3,
      })
      await ready('drained')
      const uids = new Set((await podsOf('drained')).map(({ metadata: { uid } }) => uid))
      player.messages.set('drained-g2', Number.MAX_SAFE_INTEGER)
      const { status } = await scale('drained', 2)
      expect(status).toMatchObject({ replicas: 3, selector: expect.stringContaining('role=active') })
      const [drain] = await eventually(async () => {
        const drains = await drainsOf('drained')
        return drains[0]?.messagesRemaining === undefined ? JSON.stringify(drains) : drains
      })
      expect(drain).toMatchObject({ group: 'g2', member: player.activeOf('drained-g2') })
      await player.failOver('drained-g2')
      await eventually(async () => {
        const [now] = await drainsOf('drained')
        const labels = (await podsOf('drained')).map(({ metadata }) => metadata.labels?.['flotilla.dev/role'])
        const isTold = now?.member === player.activeOf('drained-g2') && labels.includes('draining')
        return (isTold && now?.startedAt === drain!.startedAt) || JSON.stringify([now, labels])
      })
      await scale('drained', 3)
      expect((await ready('drained')).summary).toEqual({ active: '3/3', members: '6/6', edges: '3/3' })
      expect(await drainsOf('drained')).toEqual([])
      expect(new Set((await podsOf('drained')).map(({ metadata: { uid } }) => uid))).toEqual(uids)
      player.messages.set('drained-g2', 50)
      await scale('drained', 2)
      expect((await ready('drained')).summary).toEqual({ active: '2/2', members: '4/4', edges: '1/1' })
      expect(player.messages.get('drained-g2')).toBe(0)
      expect(await client.get(statefulSets, metadata('drained-g2'))).toBeUndefined()
      expect(await client.get(persistentVolumeClaims, metadata('drained-g2-data'))).toBeDefined()
      const told = async () => {
        const { items } = await client.list(events, { namespace: suite().namespace })
        return items
          .filter(({ regarding }) => (regarding as { name: string }).name === 'drained')
          .map(({ reason }) => reason as string)
      }
      await eventually(async () => {
        const reasons = await told()
        const missing = ['DrainStarted', 'DrainAborted', 'DrainCompleted'].filter((reason) => !reasons.includes(reason))
        return missing.length === 0 || missing.join()
      })
    },
    waitMs * 2,
  )

  test(
    'keeps a group whose messages are not all gone, and says so when its time is over',
    async () => {
      const { client, player, put, read, ready } = suite()
      const spec = (groups: number) => ({
        ...sharedPair(),
        topology: { type: 'Combined' as const, network: { layout: 'Mesh' as const } },
        groupCount: groups,
        scaleDown: { timeout: '2s' },
      })
      await put('overdue', spec(3))
      await ready('overdue')
      player.messages.set('overdue-g2', Number.MAX_SAFE_INTEGER)
      await put('overdue', spec(2))
      await eventually(async () => {
        const stalled = (await read('overdue')).status!.conditions!.find(({ type }) => type === 'Stalled')
        return stalled?.reason === 'DrainTimedOut' || JSON.stringify(stalled)
      })
      expect(await client.get(statefulSets, metadata('overdue-g2'))).toBeDefined()
      await put('overdue', { ...spec(2), scaleDown: { drain: 'Skip' } })
      expect((await ready('overdue')).summary!.active).toBe('2/2')
      expect(await client.get(statefulSets, metadata('overdue-g2'))).toBeUndefined()
    },
    waitMs * 2,
  )
}
