// What every KubeClient does, whether it is the client on an API server or one of the fakes that tests of the operator
// use: what a fake lets through, or forgets, is not tested by anything that uses it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { isGone } from '../../operator/kube/errors.ts'
import type { KubeClient, KubeObject, WatchEvent } from '../../operator/kube/port.ts'
import { configMaps, statefulSets } from '../../operator/kube/resource-types.ts'

export interface KubeUnderTest {
  readonly client: KubeClient
  /** One that exists, and that nobody else uses. */
  readonly namespace: string
  close?(): Promise<void>
}

interface Abilities {
  /** Set for a fake that cannot. */
  readonly cannotWatch?: true
  /** Makes it forget what a watch could begin from. */
  readonly forgetHistory?: () => void
}

export function kubeClientContract(title: string, open: () => Promise<KubeUnderTest>, abilities: Abilities = {}): void {
  describe(`${title} as a KubeClient`, () => {
    let client: KubeClient
    let namespace: string
    let opened: KubeUnderTest
    const key = (name: string) => ({ namespace, name })
    const configMap = (
      name: string,
      data: Record<string, string> = {},
      labels: Record<string, string> = {},
    ): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name, labels }, data })

    beforeAll(async () => {
      opened = await open()
      client = opened.client
      namespace = opened.namespace
    })
    afterAll(() => opened?.close?.())

    describe('objects', () => {
      test('are created once, and read as they are', async () => {
        expect(await client.get(configMaps, key('one'))).toBeUndefined()
        const created = await client.create(configMaps, configMap('one', { a: '1' }))
        expect(created.metadata).toMatchObject({
          namespace,
          name: 'one',
          uid: expect.any(String),
          resourceVersion: expect.any(String),
        })
        await expect(client.create(configMaps, configMap('one'))).rejects.toMatchObject({
          code: 409,
          reason: 'AlreadyExists',
        })
        expect(await client.get(configMaps, key('one'))).toEqual(created)
      })

      test('are replaced only by whoever has seen the newest version', async () => {
        const created = await client.create(configMaps, configMap('replaced', { a: '1' }))
        const replaced = await client.replace(configMaps, { ...created, data: { a: '2' } })
        expect(replaced['data']).toEqual({ a: '2' })
        expect(replaced.metadata.uid).toBe(created.metadata.uid)
        await expect(client.replace(configMaps, { ...created, data: { a: '3' } })).rejects.toMatchObject({
          code: 409,
          reason: 'Conflict',
        })
      })

      test('are deleted under preconditions, and a second time without an error', async () => {
        const { metadata } = await client.create(configMaps, configMap('deleted'))
        const { uid } = metadata
        for (const wrong of [{ uid: 'another' }, { resourceVersion: '1' }])
          await expect(client.delete(configMaps, key('deleted'), wrong)).rejects.toMatchObject({ code: 409 })
        await client.delete(configMaps, key('deleted'), { uid: uid! })
        expect(await client.get(configMaps, key('deleted'))).toBeUndefined()
        await client.delete(configMaps, key('deleted'))
      })

      test('are patched field by field, and only where they are', async () => {
        await client.create(configMaps, configMap('patched', { a: '1', b: '2' }))
        const patched = await client.mergePatch(configMaps, key('patched'), { data: { a: null, c: '3' } }, 'test')
        expect(patched['data']).toEqual({ b: '2', c: '3' })
        const absent = client.mergePatch(configMaps, key('absent'), { data: { a: '1' } }, 'test')
        await expect(absent).rejects.toMatchObject({ code: 404 })
        const other = client.mergePatch(configMaps, key('patched'), { metadata: { uid: 'another' } }, 'test')
        expect(await other.catch(isGone)).toBe(true)
      })

      test('are listed by namespace and label', async () => {
        for (const [name, color] of [
          ['listed-1', 'red'],
          ['listed-2', 'blue'],
          ['listed-3', 'red'],
        ] as const)
          await client.create(configMaps, configMap(name, {}, { list: 'yes', color }))
        const names = async (labelSelector: string) => {
          const { items } = await client.list(configMaps, { namespace, labelSelector })
          return items.map(({ metadata }) => metadata.name).sort()
        }
        expect(await names('list=yes,color=red')).toEqual(['listed-1', 'listed-3'])
        expect(await names('list')).toEqual(['listed-1', 'listed-2', 'listed-3'])
        const { items, resourceVersion } = await client.list(configMaps, { namespace, labelSelector: 'list=yes' })
        expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
        expect(resourceVersion).toMatch(/^\d+$/)
      })

      test('belong to the caller: what is done to them changes nothing that is kept', async () => {
        const created = await client.create(configMaps, configMap('kept', { a: '1' }))
        created['data'] = { a: 'changed' }
        const read = await client.get(configMaps, key('kept'))
        expect(read!['data']).toEqual({ a: '1' })
        read!.metadata.labels = { changed: 'yes' }
        expect((await client.get(configMaps, key('kept')))!.metadata.labels ?? {}).toEqual({})
      })
    })

    describe('server-side apply', () => {
      const options = { fieldManager: 'contract', force: true }
      const apply = (object: KubeObject) => client.apply(configMaps, object, options)

      test('creates, changes nothing when nothing changes, removes what is no longer applied', async () => {
        const first = await apply(configMap('applied', { a: '1', b: '2' }))
        const again = await apply(configMap('applied', { a: '1', b: '2' }))
        expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
        const less = await apply(configMap('applied', { a: '1' }))
        expect(less['data']).toEqual({ a: '1' })
        expect(less.metadata.uid).toBe(first.metadata.uid)
      })

      test('writes the status apart from the rest, and of nobody that does not exist', async () => {
        const metadata = { namespace, name: 'with-status' }
        const base = { apiVersion: statefulSets.apiVersion, kind: statefulSets.kind }
        const matchLabels = { app: 'with-status' }
        const template = { metadata: { labels: matchLabels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
        const spec = { replicas: 0, serviceName: 'x', selector: { matchLabels }, template }
        const made = await client.create<KubeObject>(statefulSets, { ...base, metadata, spec })
        const status = { replicas: 0, collisionCount: 5 }
        const ofStatus = { ...options, subresource: 'status' as const }
        const applied = await client.apply<KubeObject>(statefulSets, { ...base, metadata, status }, ofStatus)
        expect(applied['status']).toMatchObject(status)
        expect(applied['spec']).toEqual(made['spec'])
        expect(applied.metadata.generation).toBe(made.metadata.generation)
        const gone = { ...base, metadata: { namespace, name: 'no-such-set' }, status }
        expect(await client.apply<KubeObject>(statefulSets, gone, ofStatus).catch(isGone)).toBe(true)
        const reborn = { ...base, metadata: { ...metadata, uid: 'another' }, status }
        expect(await client.apply<KubeObject>(statefulSets, reborn, ofStatus).catch(isGone)).toBe(true)
      })
    })

    if (abilities.cannotWatch) return
    describe('watch', () => {
      test('tells what changes after a version, in order, until it is ended', async () => {
        const { resourceVersion } = await client.list(configMaps, { namespace })
        const seen: string[] = []
        const done = Promise.withResolvers<void>()
        const onEvent = (event: WatchEvent) => {
          if (event.type === 'BOOKMARK' || !event.object.metadata.name.startsWith('w')) return
          seen.push(`${event.type} ${event.object.metadata.name}`)
          if (seen.length === 4) done.resolve()
        }
        await client.create(configMaps, configMap('w1'))
        const stop = new AbortController()
        const options = { namespace, resourceVersion, timeoutSeconds: 60 }
        const watching = client.watch(configMaps, options, onEvent, stop.signal)
        await client.create(configMaps, configMap('w2'))
        await client.mergePatch(configMaps, key('w1'), { data: { a: '1' } }, 'test')
        await client.delete(configMaps, key('w2'))
        await done.promise
        expect(seen).toEqual(['ADDED w1', 'ADDED w2', 'MODIFIED w1', 'DELETED w2'])
        stop.abort()
        await watching
      })

      const { forgetHistory } = abilities
      if (!forgetHistory) return
      test('from a version that is forgotten is refused with 410', async () => {
        forgetHistory()
        const options = { namespace, resourceVersion: '1', timeoutSeconds: 10 }
        const watching = client.watch(configMaps, options, () => {}, new AbortController().signal)
        await expect(watching).rejects.toMatchObject({ code: 410 })
      })
    })
  })
}
