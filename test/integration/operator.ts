// The operator against an API server with the controllers of Kubernetes, but without nodes: the stand-in, or a real
// one. A PodPlayer takes the part of kubelet and brokers. Each test has a cluster of its own, in a namespace of the
// suite.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { systemRandom } from '../../broker/base/random.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { BrokerClusterStatus } from '../../operator/api/status-schema.ts'
import { noMetrics } from '../../operator/controller/metrics.ts'
import { sleep } from '../../operator/controller/sleep.ts'
import { KubeApiError } from '../../operator/kube/errors.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { loadClusterAccess } from '../../operator/kube/kube-config.ts'
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/port.ts'
import {
  brokerClusters,
  configMaps,
  customResourceDefinitions,
  events,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../../operator/kube/resource-types.ts'
import { type Operator, startOperator } from '../../operator/operator.ts'
import { byApiServer, goodManifests, wrongManifests } from '../operator/api/rules/wrong-manifests.ts'
import { eventually, waitMs } from './eventually.ts'
import { operatorDatabases } from './operator-databases.ts'
import { operatorDrains } from './operator-drains.ts'
import { PodPlayer } from './pod-player.ts'

export interface TestServer {
  /** A file. */
  readonly kubeconfig: string
  stop(): Promise<void>
}

interface CountedSet extends KubeObject {
  status?: { availableReplicas?: number; updatedReplicas?: number }
}

const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
const apply = { fieldManager: 'somebody', force: true }

export const pair = (change: Partial<BrokerClusterSpecInput> = {}, replicas = 2): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: {
    replicas,
    storage: { type: 'SharedVolume', sharedVolume: { claimTemplate: { resources: { requests: { storage: '1Gi' } } } } },
  },
  ...change,
})

export function operatorIntegration(title: string, startServer: () => Promise<TestServer>): void {
  describe(`the operator on ${title}`, () => {
    const namespace = `operator-${process.pid}-${Date.now().toString(36)}`
    const metadata = (name: string) => ({ namespace, name })
    const manifest = (name: string, spec: unknown): KubeObject => ({ ...brokerCluster, metadata: metadata(name), spec })
    let server: TestServer
    let client: HttpKubeClient
    let player: PodPlayer
    let operator: Operator
    const writes: string[] = []

    const start = (change: Partial<Parameters<typeof startOperator>[0]> = {}) =>
      startOperator({
        client: counting(client, writes),
        brokerAdmin: player,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        metrics: noMetrics,
        brokerImage: 'ghcr.io/flotilla-mq/flotilla:test',
        watchNamespaces: [namespace],
        lease: undefined,
        identity: 'test',
        concurrency: 4,
        ...change,
      })
    const read = async (name: string) => (await client.get(brokerClusters, metadata(name))) as unknown as BrokerCluster
    const put = (name: string, spec: BrokerClusterSpecInput) =>
      client.apply(brokerClusters, manifest(name, spec), apply)
    const ready = (name: string) =>
      eventually<BrokerClusterStatus>(async () => {
        const { status, metadata } = await read(name)
        const condition = status?.conditions?.find(({ type }) => type === 'Ready')
        return status && condition?.status === 'True' && status.observedGeneration === metadata.generation
          ? status
          : JSON.stringify(status?.conditions ?? 'no status')
      })
    const podsOf = async (name: string) =>
      (await client.list(pods, { namespace, labelSelector: `flotilla.dev/cluster=${name}` })).items

    beforeAll(async () => {
      server = await startServer()
      const access = await loadClusterAccess({ kubeconfig: server.kubeconfig, env: {}, clock: systemClock })
      client = openKubeClient({ access })
      await client.apply(customResourceDefinitions, buildBrokerClusterCrd(), apply)
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      await eventually(async () => {
        const { items } = await client.list(brokerClusters, { namespace }).catch(() => ({ items: undefined }))
        return items ?? 'the kind is not served yet'
      })
      player = new PodPlayer(client, namespace)
      operator = start()
      expect(await operator.started).toBe(true)
    }, waitMs)

    afterAll(async () => {
      await operator?.stop()
      await player?.stop()
      await client?.delete(namespaces, { namespace: '', name: namespace })
      await client?.close()
      await server?.stop()
    }, waitMs)

    describe('manifests', () => {
      test.each(goodManifests)('accepted: $title', async ({ spec }) => {
        await client.apply(brokerClusters, manifest('good', spec), { ...apply, dryRun: true })
      })

      test.each(wrongManifests.filter(byApiServer))(
        'refused: $title',
        async ({ title, name, before, spec, field, text }) => {
          const named = name ?? `wrong-${wrongManifests.findIndex((other) => other.title === title)}`
          // Paused, so that nothing comes of it.
          if (before) await client.apply(brokerClusters, manifest(named, { ...before, paused: true }), apply)
          const refused = client.apply(brokerClusters, manifest(named, { ...(spec as object), paused: true }), {
            ...apply,
            dryRun: true,
          })
          const error = await refused.then(
            () => undefined,
            (reason: unknown) => reason,
          )
          if (before) await client.delete(brokerClusters, metadata(named))
          expect(error).toBeInstanceOf(KubeApiError)
          const { code, details, message } = error as KubeApiError
          expect(code).toBe(422)
          expect(message).toContain(text)
          const { causes } = details as { causes: { field: string; message: string }[] }
          const cause = causes.find((one) => one.message.includes(text))
          expect(cause?.field.replace('<nil>', '')).toBe(field)
        },
      )
    })

    test(
      'makes a pair that becomes Ready, and then writes nothing more',
      async () => {
        await put('quiet', pair())
        const status = await ready('quiet')
        expect(status.summary).toEqual({ active: '1/1', members: '2/2' })
        expect(status.groups![0]!.storage!.claims[0]).toMatchObject({ name: 'quiet-g0-data', phase: 'Bound' })
        await settled(writes)
        const before = writes.length
        // A new operator looks at everything once more.
        await operator.stop()
        operator = start()
        await operator.started
        await put('after', pair({ paused: true }))
        await eventually(async () => ((await read('after')).status ? true : 'not looked at yet'))
        expect(writes.slice(before).filter((write) => !write.includes('after') && !write.includes('Event'))).toEqual([])
      },
      waitMs,
    )

    test(
      'labels the member that took over, and tells it',
      async () => {
        await put('failing', pair())
        await ready('failing')
        const before = player.activeOf('failing-g0')!
        await player.failOver('failing-g0')
        const after = await eventually(async () => {
          const active = (await podsOf('failing')).filter(
            ({ metadata }) => metadata.labels?.['flotilla.dev/role'] === 'active',
          )
          return active.length === 1 && active[0]!.metadata.name !== before ? active[0]!.metadata : 'not labelled'
        })
        const group = await eventually(async () => {
          const { status } = await read('failing')
          return status?.groups?.[0]?.active === after.name ? status.groups[0] : 'the status tells of the old one'
        })
        expect(group.lastFailover).toMatchObject({ from: before, to: after.name, reason: 'Failover' })
        await eventually(async () => {
          const { items } = await client.list(events, { namespace })
          return (
            items.some(
              ({ reason, regarding }) =>
                reason === 'FailoverCompleted' && (regarding as { name: string }).name === 'failing',
            ) || 'no event'
          )
        })
      },
      waitMs,
    )

    test(
      'rolls a change through standby and active, scales up and down',
      async () => {
        await put('rolling', pair())
        const { groups } = await ready('rolling')
        const uids = (await podsOf('rolling')).map(({ metadata }) => metadata.uid)
        await put('rolling', pair({ broker: { memoryLimit: '30%' } }))
        const rolled = await ready('rolling')
        expect(rolled.groups![0]).toMatchObject({ updatedReplicas: 2, lastFailover: { from: groups![0]!.active } })
        for (const { metadata } of await podsOf('rolling')) expect(uids).not.toContain(metadata.uid)
        await put('rolling', pair({ broker: { memoryLimit: '30%' } }, 4))
        expect((await ready('rolling')).summary!.members).toBe('4/4')
        await put('rolling', pair({ broker: { memoryLimit: '30%' } }, 2))
        expect((await ready('rolling')).summary!.members).toBe('2/2')
        expect((await podsOf('rolling')).map(({ metadata }) => metadata.name).sort()).toEqual([
          'rolling-g0-0',
          'rolling-g0-1',
        ])
        expect(
          (await client.list(configMaps, { namespace, labelSelector: 'flotilla.dev/cluster=rolling' })).items,
        ).toHaveLength(1)
      },
      waitMs * 2,
    )

    test(
      'makes a mesh of three pairs, tells of its edges, and takes another pair in without restarting anybody',
      async () => {
        const mesh = (groups: number) => ({
          ...pair(),
          topology: { type: 'Combined' as const, network: { layout: 'Mesh' as const } },
          groupCount: groups,
        })
        await put('mesh', mesh(3))
        const { summary, edges } = await ready('mesh')
        expect(summary).toEqual({ active: '3/3', members: '6/6', edges: '3/3' })
        expect(
          edges!.map(({ name, state, remote }) => `${name} ${state} ${remote?.replace(/-\d$/, '')}`).sort(),
        ).toEqual(['g1-to-g0 Connected mesh-g0', 'g2-to-g0 Connected mesh-g0', 'g2-to-g1 Connected mesh-g1'])
        const uids = new Set((await podsOf('mesh')).map(({ metadata: { uid } }) => uid))
        await put('mesh', mesh(4))
        expect((await ready('mesh')).summary).toEqual({ active: '4/4', members: '8/8', edges: '6/6' })
        const kept = (await podsOf('mesh')).filter(({ metadata: { uid } }) => uids.has(uid))
        expect(kept).toHaveLength(6)
        await put('mesh', mesh(3))
        expect((await ready('mesh')).summary!.edges).toBe('3/3')
        expect(await client.get(statefulSets, metadata('mesh-g3'))).toBeUndefined()
        expect(await client.get(persistentVolumeClaims, metadata('mesh-g3-data'))).toBeDefined()
      },
      waitMs * 2,
    )

    operatorDrains(() => ({ client, player, namespace, put, read, ready, podsOf }))
    operatorDatabases(() => ({ client, player, namespace, put, read, ready, podsOf }))

    test(
      'restarts nothing and changes no StatefulSet when it comes with another image for brokers',
      async () => {
        await put('kept', pair())
        const { groups } = await ready('kept')
        expect(groups![0]!.image).toBe('ghcr.io/flotilla-mq/flotilla:test')
        const set = async () => (await client.get<CountedSet>(statefulSets, metadata('kept-g0')))!
        // Its controller may count its pods later than the operator.
        const setBefore = await eventually(async () => {
          const found = await set()
          const { availableReplicas, updatedReplicas } = found.status ?? {}
          return availableReplicas === 2 && updatedReplicas === 2 ? found : 'not counted yet'
        })
        const podsBefore = await podsOf('kept')
        await operator.stop()
        operator = start({ brokerImage: 'ghcr.io/flotilla-mq/flotilla:next' })
        await operator.started
        await eventually(async () => {
          const { status } = await read('kept')
          return status!.conditions!.some(({ type }) => type === 'UpdateAvailable') || 'not looked at yet'
        })
        await settled(writes)
        expect(await set()).toEqual(setBefore)
        const uids = (found: readonly KubeObject[]) => new Set(found.map(({ metadata: { uid } }) => uid))
        expect(uids(await podsOf('kept'))).toEqual(uids(podsBefore))
        // And what takes the other image when it is told to.
        await put('kept', pair({ image: { update: 'Automatic' } }))
        const { groups: moved } = await ready('kept')
        expect(moved![0]).toMatchObject({ image: 'ghcr.io/flotilla-mq/flotilla:next', updatedReplicas: 2 })
        const images = (await podsOf('kept')).map(
          ({ spec }) => (spec as { containers: { image: string }[] }).containers[0]!.image,
        )
        expect(images).toEqual(Array(2).fill('ghcr.io/flotilla-mq/flotilla:next'))
        await operator.stop()
        operator = start()
        await operator.started
      },
      waitMs * 2,
    )

    test(
      'asks for no user where the platform assigns them, and restarts nothing for it',
      async () => {
        await put('assigned', pair())
        await ready('assigned')
        const user = async () => {
          const { spec } = (await client.get(statefulSets, metadata('assigned-g0')))!
          const { runAsUser, runAsGroup, fsGroup } = (spec as TemplateSpec).template.spec.securityContext
          return [runAsUser, runAsGroup, fsGroup]
        }
        expect(await user()).toEqual([1000, 1000, 1000])
        const uids = async () => new Set((await podsOf('assigned')).map(({ metadata: { uid } }) => uid))
        const before = await uids()
        await operator.stop()
        operator = start({ brokerUser: 'assigned' })
        await operator.started
        await eventually(async () => {
          const now = await user()
          return now.every((id) => id === undefined) || JSON.stringify(now)
        })
        await settled(writes)
        expect(await uids()).toEqual(before)
        await operator.stop()
        operator = start()
        await operator.started
      },
      waitMs,
    )

    test(
      'says what the claim of a cluster waits for, and where to read on',
      async () => {
        const waiting = pair()
        waiting.groupTemplate!.storage.sharedVolume!.claimTemplate!.storageClassName = 'nowhere'
        await put('waiting', waiting)
        const condition = await eventually(async () => {
          const { status } = await read('waiting')
          const found = status?.conditions?.find(({ type }) => type === 'StorageReady')
          return found?.reason === 'VolumePending' ? found : JSON.stringify(found ?? 'no status')
        })
        expect(condition.message).toBe(
          'Claim waiting-g0-data is Pending: it asks for 1Gi with ReadWriteMany of class nowhere, and many classes, the default one among them, give no such volumes: see docs/storage.md. Events of the claim say more',
        )
      },
      waitMs,
    )

    test(
      'leaves a cluster alone that another operator looks after, and takes it over when that one is gone',
      async () => {
        const shared = `${namespace}-shared`
        await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shared } })
        const startOne = (name: string) =>
          start({
            watchNamespaces: [shared],
            lease: { namespace: shared, name },
            identity: name,
            claimPatienceMs: 6_000,
          })
        const owners = async () => {
          const { items } = await client.list(brokerClusters, { namespace: shared })
          return items.map(({ status }) => (status as BrokerClusterStatus | undefined)?.operator)
        }
        const one = startOne('one')
        const two = startOne('two')
        await Promise.all([one.started, two.started])
        for (const name of ['a', 'b', 'c', 'd'])
          await client.apply(
            brokerClusters,
            { ...brokerCluster, metadata: { namespace: shared, name }, spec: pair({ paused: true }) },
            apply,
          )
        const first = await eventually(async () => {
          const known = await owners()
          return known.every((owner) => owner !== undefined) ? known : 'a cluster is nobody’s'
        })
        await eventually(async () => {
          const { items } = await client.list(events, { namespace: shared })
          return items.filter(({ reason }) => reason === 'Conflict').length === 4 || 'not told'
        })
        expect(await owners()).toEqual(first)
        await one.stop()
        await eventually(async () => {
          const now = new Set(await owners())
          return (now.size === 1 && now.has(`${shared}/two`)) || 'not taken over'
        })
        await two.stop()
        await client.delete(namespaces, { namespace: '', name: shared })
      },
      waitMs,
    )

    test(
      'leaves nothing but the claim when the cluster is deleted',
      async () => {
        await put('leaving', pair())
        await ready('leaving')
        await client.delete(brokerClusters, metadata('leaving'))
        await eventually(async () => {
          const left: string[] = []
          for (const type of [statefulSets, services, configMaps, podDisruptionBudgets, pods])
            for (const { metadata } of (
              await client.list(type, { namespace, labelSelector: 'flotilla.dev/cluster=leaving' })
            ).items)
              left.push(`${type.kind} ${metadata.name}`)
          return left.length === 0 || left.join(', ')
        })
        expect(await client.get(persistentVolumeClaims, metadata('leaving-g0-data'))).toBeDefined()
      },
      waitMs,
    )
  })
}

interface TemplateSpec {
  readonly template: { readonly spec: { readonly securityContext: Readonly<Record<string, number | undefined>> } }
}

const brokerCluster = { apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster' }

/** Until nothing has been written for a while. */
async function settled(writes: readonly string[]): Promise<void> {
  for (let before = -1; before !== writes.length;) {
    before = writes.length
    await sleep(systemClock, 700, new AbortController().signal)
  }
}

function counting(client: KubeClient, writes: string[]): KubeClient {
  const note = (verb: string, kind: string, name: string) => void writes.push(`${verb} ${kind} ${name}`)
  return {
    get: (type, key) => client.get(type, key),
    list: (type, options) => client.list(type, options),
    watch: (type, options, onEvent, signal) => client.watch(type, options, onEvent, signal),
    create: (type, object) => (note('create', type.kind, object.metadata.name), client.create(type, object)),
    replace: (type, object) => (note('replace', type.kind, object.metadata.name), client.replace(type, object)),
    apply: (type, object, options) => (
      note('apply', type.kind, object.metadata.name),
      client.apply(type, object, options)
    ),
    mergePatch: (type, key, patch, manager) => (
      note('patch', type.kind, key.name),
      client.mergePatch(type, key, patch, manager)
    ),
    delete: (type, key, options) => (note('delete', type.kind, key.name), client.delete(type, key, options)),
  }
}
