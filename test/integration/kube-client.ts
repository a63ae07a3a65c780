// What the operator relies on in an API server, as a suite for any of them: the local stand-in and a real one. It runs
// the contract of the client and what no fake has to do, and the reflector, the leader election and the event recorder as
// they are, in a namespace of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../broker/base/logger.ts'
import { systemClock } from '../../broker/base/clock.ts'
import { systemRandom } from '../../broker/base/random.ts'
import { createEventRecorder } from '../../operator/controller/event-recorder.ts'
import { type Lease, startLeaderElection } from '../../operator/controller/leader-elector.ts'
import { startReflector } from '../../operator/controller/reflector.ts'
import { KubeApiError } from '../../operator/kube/errors.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { loadClusterAccess } from '../../operator/kube/kube-config.ts'
import type { KubeObject, ResourceType, WatchEvent } from '../../operator/kube/port.ts'
import { configMaps, events, leases } from '../../operator/kube/resource-types.ts'
import { kubeClientContract } from '../contract/kube-client.ts'

export interface ServerUnderTest {
  /** A file. */
  readonly kubeconfig: string
}

const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

/** `forgetHistory` makes the server forget what a watch could begin from; what needs it is left out without it. */
export function describeKubeClient(
  title: string,
  server: () => Promise<ServerUnderTest> | ServerUnderTest,
  forgetHistory?: () => void,
): void {
  const openClient = async (pageSize?: number): Promise<HttpKubeClient> => {
    const { kubeconfig } = await server()
    const access = await loadClusterAccess({ kubeconfig, env: {}, clock: systemClock })
    return openKubeClient({ access, ...(pageSize !== undefined && { limits: { listPageSize: pageSize } }) })
  }

  kubeClientContract(
    title,
    async () => {
      const client = await openClient()
      const namespace = `contract-${process.pid}-${Date.now().toString(36)}`
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      return {
        client,
        namespace,
        async close() {
          await client.delete(namespaces, { namespace: '', name: namespace })
          await client.close()
        },
      }
    },
    forgetHistory && { forgetHistory },
  )

  describe(title, () => {
    let client: HttpKubeClient
    const namespace = `kube-client-${process.pid}-${Date.now().toString(36)}`
    const configMap = (
      name: string,
      data: Record<string, string> = {},
      labels: Record<string, string> = {},
    ): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, labels },
      data,
    })
    const key = (name: string) => ({ namespace, name })
    const now = { clock: systemClock, random: systemRandom, logger: silentLogger }

    beforeAll(async () => {
      client = await openClient(7)
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    })
    afterAll(async () => {
      await client.delete(namespaces, { namespace: '', name: namespace })
      await client.close()
    })

    describe('objects', () => {
      test('an unknown field is refused, not dropped', async () => {
        const wrong = { ...configMap('wrong'), dat: {} }
        const options = { fieldManager: 'test', force: true }
        for (const attempt of [
          () => client.create(configMaps, wrong),
          () => client.apply(configMaps, wrong, options),
        ]) {
          const error: unknown = await attempt().catch((caught: unknown) => caught)
          expect(error).toBeInstanceOf(KubeApiError)
          expect(error).toMatchObject({ message: expect.stringMatching(/dat/) })
          expect([400, 422, 500]).toContain((error as KubeApiError).code)
        }
        expect(await client.get(configMaps, key('wrong'))).toBeUndefined()
      })

      test('list: every page, by label', async () => {
        const labels = { list: 'yes' }
        await Promise.all(
          Array.from({ length: 20 }, (_, index) => client.create(configMaps, configMap(`listed-${index}`, {}, labels))),
        )
        const list = await client.list(configMaps, { namespace, labelSelector: 'list=yes' })
        expect(new Set(list.items.map((item) => item.metadata.name)).size).toBe(20)
        expect(list.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
        expect(list.resourceVersion).toMatch(/^\d+$/)
      })
    })

    describe('server-side apply', () => {
      const apply = (object: KubeObject, fieldManager: string, force = false, dryRun = false) =>
        client.apply(configMaps, object, { fieldManager, force, dryRun })

      test('a field of another manager is a conflict, unless it is forced', async () => {
        await apply(configMap('contended', { a: '1' }), 'one')
        await expect(apply(configMap('contended', { a: '2' }), 'two')).rejects.toMatchObject({
          code: 409,
          reason: 'Conflict',
        })
        const forced = await apply(configMap('contended', { a: '2' }), 'two', true)
        expect(forced['data']).toEqual({ a: '2' })
      })

      test('a dry run shows the result and writes nothing', async () => {
        const shown = await apply(configMap('dry', { a: '1' }), 'one', false, true)
        expect(shown['data']).toEqual({ a: '1' })
        expect(await client.get(configMaps, key('dry'))).toBeUndefined()
      })
    })

    describe('watch', () => {
      test('tells what changes after a version, ends by itself, and forgets what leaves the selection', async () => {
        const selected = { namespace, labelSelector: 'watch=yes' }
        const { resourceVersion } = await client.list(configMaps, selected)
        const seen: string[] = []
        const done = Promise.withResolvers<void>()
        const onEvent = (event: WatchEvent) => {
          if (event.type === 'BOOKMARK') return
          seen.push(`${event.type} ${event.object.metadata.name}`)
          if (seen.length === 4) done.resolve()
        }
        const stop = new AbortController()
        const watching = client.watch(
          configMaps,
          { ...selected, resourceVersion, timeoutSeconds: 60 },
          onEvent,
          stop.signal,
        )
        await client.create(configMaps, configMap('w1', {}, { watch: 'yes' }))
        await client.create(configMaps, configMap('w2'))
        await client.mergePatch(configMaps, key('w2'), { metadata: { labels: { watch: 'yes' } } }, 'test')
        await client.mergePatch(configMaps, key('w1'), { data: { a: '1' } }, 'test')
        await client.mergePatch(configMaps, key('w1'), { metadata: { labels: { watch: 'no' } } }, 'test')
        await done.promise
        expect(seen).toEqual(['ADDED w1', 'ADDED w2', 'MODIFIED w1', 'DELETED w1'])
        stop.abort()
        await watching
        await client.watch(
          configMaps,
          { ...selected, resourceVersion, timeoutSeconds: 1 },
          () => {},
          new AbortController().signal,
        )
      })
    })

    test('a reflector follows the server', async () => {
      const stop = new AbortController()
      const select = { namespace, labelSelector: 'reflect=yes' }
      await client.create(configMaps, configMap('r0', {}, { reflect: 'yes' }))
      const reflector = startReflector({ client, type: configMaps, select, ...now, signal: stop.signal })
      const gone = Promise.withResolvers<void>()
      reflector.subscribe((change) => {
        if (change.type === 'deleted' && change.object.metadata.name === 'r9') gone.resolve()
      })
      expect(await reflector.synced).toBe(true)
      for (let index = 1; index < 10; index++)
        await client.create(configMaps, configMap(`r${index}`, {}, { reflect: 'yes' }))
      await client.mergePatch(configMaps, key('r1'), { data: { a: '1' } }, 'test')
      await client.delete(configMaps, key('r9'))
      await gone.promise
      const { items } = await client.list(configMaps, select)
      expect(versions(reflector.cache.list())).toEqual(versions(items))
      expect(reflector.cache.size).toBe(9)
      stop.abort()
      await reflector.stopped
    })

    test('a Lease elects a leader, and another after it', async () => {
      const contend = (identity: string) =>
        startLeaderElection({ client, lease: key('election'), identity, ...now, retryPeriodMs: 50 })
      const a = contend('a')
      expect(await a.elected).toBe(true)
      const b = contend('b')
      await a.stop()
      expect(await b.elected).toBe(true)
      expect(await client.get<Lease>(leases, key('election'))).toMatchObject({
        spec: { holderIdentity: 'b', leaseTransitions: 1 },
      })
      await b.stop()
    })

    test('events are recorded, and counted', async () => {
      const recorder = createEventRecorder({ client, controller: 'flotilla.dev/test', instance: 'test-0', ...now })
      const regarding = await client.create(configMaps, configMap('regarded'))
      const record = () =>
        recorder.record({ regarding, type: 'Warning', reason: 'Tried', action: 'Test', note: 'It was tried.' })
      record()
      record()
      record()
      await recorder.stop(10_000)
      const { items } = await client.list(events, { namespace })
      const own = items.filter((item) => item['reason'] === 'Tried')
      expect(own).toHaveLength(1)
      expect(own[0]).toMatchObject({ type: 'Warning', note: 'It was tried.', series: { count: 3 } })
    })
  })
}

const versions = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort()
