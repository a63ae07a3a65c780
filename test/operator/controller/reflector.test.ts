import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { startReflector } from '../../../operator/controller/reflector.ts'
import type { ObjectChange } from '../../../operator/controller/resource-cache.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { configMaps, pods } from '../../../operator/kube/resource-types.ts'
import { kubeError, MemoryKube, settle, unreachable } from '../../support/memory-kube.ts'

const configMap = (name: string, value = '', namespace = 'shop'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data: { value },
})

function start(server = new MemoryKube(), options: { transform?: (object: KubeObject) => KubeObject } = {}) {
  const clock = new ManualClock()
  const stop = new AbortController()
  const random = seededRandom(1)
  const reflector = startReflector({
    client: server,
    type: configMaps,
    clock,
    random,
    logger: silentLogger,
    signal: stop.signal,
    ...options,
  })
  const changes: string[] = []
  reflector.subscribe(({ type, object, old }: ObjectChange) => {
    const value = (from: KubeObject | undefined) => (from?.['data'] as { value: string } | undefined)?.value ?? '-'
    changes.push(`${type} ${object.metadata.name} ${value(old)}>${value(object)}`)
  })
  const calls = (method: string) => server.calls.filter((call) => call.startsWith(`${method} `)).length
  return { server, clock, stop, reflector, changes, calls }
}

const names = (objects: readonly KubeObject[]) => objects.map((object) => object.metadata.name).sort()

describe('reflector', () => {
  test('lists, then follows what happens', async () => {
    const server = new MemoryKube()
    await server.create(configMaps, configMap('a', '1'))
    const { reflector, changes } = start(server)
    expect(await reflector.synced).toBe(true)
    await settle()
    await server.create(configMaps, configMap('b', '1'))
    await server.mergePatch(configMaps, { namespace: 'shop', name: 'a' }, { data: { value: '2' } })
    await server.delete(configMaps, { namespace: 'shop', name: 'b' })
    expect(changes).toEqual(['added a ->1', 'added b ->1', 'modified a 1>2', 'deleted b 1>1'])
    expect(names(reflector.cache.list())).toEqual(['a'])
    expect(reflector.cache.get({ namespace: 'shop', name: 'a' })).toMatchObject({ data: { value: '2' } })
    expect(reflector.cache.list('elsewhere')).toEqual([])
  })

  test('who subscribes later is told first what there is; who unsubscribes is told nothing more', async () => {
    const server = new MemoryKube()
    await server.create(configMaps, configMap('a'))
    const { reflector } = start(server)
    await settle()
    const seen: string[] = []
    const unsubscribe = reflector.subscribe((change) => seen.push(`${change.type} ${change.object.metadata.name}`))
    expect(seen).toEqual(['added a'])
    unsubscribe()
    await server.create(configMaps, configMap('b'))
    expect(seen).toEqual(['added a'])
  })

  test('a subscriber that throws harms neither the reflector nor the others', async () => {
    const { server, reflector, changes } = start()
    await settle()
    reflector.subscribe(() => {
      throw new Error('bug')
    })
    await server.create(configMaps, configMap('a'))
    await server.create(configMaps, configMap('b'))
    expect(changes).toHaveLength(2)
  })

  test('keeps no managedFields, and only what the transformation leaves', async () => {
    const server = new MemoryKube()
    const object = configMap('a', 'secret')
    object.metadata.managedFields = [{}]
    await server.create(configMaps, object)
    const { reflector } = start(server, { transform: (object) => ({ ...object, data: undefined, hash: 'x' }) })
    await reflector.synced
    const [kept] = reflector.cache.list()
    expect(kept).toMatchObject({ hash: 'x' })
    expect(kept?.['data']).toBeUndefined()
    expect(kept?.metadata).not.toHaveProperty('managedFields')
  })

  test('goes on from the last version seen when the server ends the watch', async () => {
    const { server, clock, changes, calls } = start()
    await settle()
    clock.advance(400_000)
    server.endWatches()
    await server.create(configMaps, configMap('a', '1'))
    await settle()
    expect(changes).toEqual(['added a ->1'])
    expect([calls('list'), calls('watch')]).toEqual([1, 2])
  })

  test('a bookmark moves the version on, so that a compaction before it does no harm', async () => {
    const { server, clock, calls } = start()
    await settle()
    await server.create(pods, { ...configMap('p'), kind: 'Pod' })
    server.compact()
    server.bookmark()
    clock.advance(400_000)
    server.endWatches()
    await settle()
    expect(calls('list')).toBe(1)
    expect(server.openWatches).toBe(1)
  })

  test('after 410 it lists again at once, and reports what is gone, changed, or another object of the same name', async () => {
    const server = new MemoryKube()
    for (const name of ['gone', 'changed', 'same', 'other']) await server.create(configMaps, configMap(name, '1'))
    const { clock, changes, calls } = start(server)
    await settle()
    changes.length = 0
    clock.advance(60_000)
    server.losesEvents = true
    await server.delete(configMaps, { namespace: 'shop', name: 'gone' })
    await server.mergePatch(configMaps, { namespace: 'shop', name: 'changed' }, { data: { value: '2' } })
    await server.delete(configMaps, { namespace: 'shop', name: 'other' })
    await server.create(configMaps, configMap('other', '2'))
    server.losesEvents = false
    server.endWatches(kubeError(410, 'Expired'))
    await settle()
    expect(calls('list')).toBe(2)
    expect(changes.sort()).toEqual(['added other ->2', 'deleted gone 1>1', 'deleted other 1>1', 'modified changed 1>2'])
  })

  test('a server that answers 410 to every watch is not listed in a tight loop', async () => {
    const { server, clock, calls } = start()
    for (let count = 0; count < 20; count++) server.failNext('watch', kubeError(410, 'Expired'))
    await settle()
    clock.advance(60_000)
    await settle()
    for (let second = 0; second < 60; second++) {
      clock.advance(1000)
      await settle(2)
    }
    expect(calls('list')).toBeLessThan(12)
  })

  test('nothing that the server answers ends it', async () => {
    const errors = [401, 403, 404, 429, 500, 503, 504].map((code) => kubeError(code, 'Refused'))
    for (const method of ['list', 'watch'] as const) {
      const server = new MemoryKube()
      for (const error of [...errors, unreachable(), new Error('a bug')]) server.failNext(method, error)
      const { clock, changes, reflector } = start(server)
      for (let second = 0; second < 300; second++) {
        clock.advance(1000)
        await settle(2)
      }
      await server.create(configMaps, configMap('a', '1'))
      expect(changes).toEqual(['added a ->1'])
      expect(await reflector.synced).toBe(true)
    }
  })

  test.each([401, 403, 429, 500])('%i on a watch goes on from the version seen last, without a list', async (code) => {
    const { server, clock, calls } = start()
    await settle()
    server.endWatches(kubeError(code, 'Refused'))
    await settle()
    clock.advance(1000)
    await settle()
    expect([calls('list'), calls('watch'), server.openWatches]).toEqual([1, 2, 1])
  })

  test('a version that the server has never had leads to a list', async () => {
    const { server, clock, calls } = start()
    await settle()
    server.endWatches(kubeError(504, 'Timeout'))
    await settle()
    clock.advance(1000)
    await settle()
    expect(calls('list')).toBe(2)
  })

  test('waits as long as the server asks for', async () => {
    const server = new MemoryKube()
    server.failNext('list', kubeError(429, 'TooManyRequests', 20_000))
    const { clock, calls } = start(server)
    await settle()
    clock.advance(19_999)
    await settle()
    expect(calls('list')).toBe(1)
    clock.advance(1)
    await settle()
    expect(calls('list')).toBe(2)
  })

  test('a watch that ends at once, again and again, is opened ever more rarely', async () => {
    const { server, clock, calls } = start()
    for (let tenths = 0; tenths < 600; tenths++) {
      await settle(2)
      server.endWatches()
      await settle(2)
      clock.advance(100)
    }
    expect(calls('watch')).toBeLessThan(15)
  })

  test('a watch that is cut each second is open again half a second later, each time', async () => {
    const { server, clock, calls } = start()
    for (let second = 0; second < 60; second++) {
      await settle(2)
      expect(server.openWatches).toBe(1)
      clock.advance(1000)
      server.endWatches(unreachable())
      await settle(2)
      clock.advance(500)
    }
    expect([calls('list'), calls('watch')]).toEqual([1, 60])
  })

  test('a server that is in trouble is asked every 10 s, however long that lasts', async () => {
    const server = new MemoryKube()
    for (let count = 0; count < 100; count++) server.failNext('list', kubeError(500, 'InternalError'))
    const { clock, calls } = start(server)
    for (let second = 0; second < 300; second++) {
      await settle(2)
      clock.advance(1000)
    }
    expect(calls('list')).toBeGreaterThanOrEqual(30)
    expect(calls('list')).toBeLessThan(50)
  })

  test('makes good an event that was lost, within the period of the relist', async () => {
    const { server, clock, changes } = start()
    await settle()
    server.losesEvents = true
    await server.create(configMaps, configMap('a', '1'))
    server.losesEvents = false
    clock.advance(4_400_000)
    server.endWatches()
    await settle()
    expect(changes).toEqual(['added a ->1'])
  })

  test('stops while it waits, lists or watches', async () => {
    const waiting = new MemoryKube()
    waiting.failNext('list', unreachable())
    const listing = new MemoryKube()
    const release = listing.holdNext('list')
    for (const server of [waiting, listing, new MemoryKube()]) {
      const { stop, reflector, clock } = start(server)
      await settle()
      stop.abort()
      await reflector.stopped
      expect(clock.pendingTimers).toBe(0)
      expect(server.openWatches).toBe(0)
      expect(await reflector.synced).toBe(server !== waiting && server !== listing)
    }
    release()
  })
})

type Step =
  | { readonly do: 'write' | 'delete'; readonly name: string; readonly value: string }
  | { readonly do: 'end' | 'expire' | 'drop' | 'compact' | 'bookmark' | 'lose' | 'find' }
  | { readonly do: 'fault'; readonly method: 'list' | 'watch'; readonly code: number }
  | { readonly do: 'advance'; readonly durationMs: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('write' as const, 'delete' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.constantFrom('1', '2'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'end' as const,
        'expire' as const,
        'drop' as const,
        'compact' as const,
        'bookmark' as const,
        'lose' as const,
        'find' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      method: fc.constantFrom('list' as const, 'watch' as const),
      code: fc.constantFrom(401, 410, 429, 500, 504),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), durationMs: fc.constantFrom(0, 500, 5000, 60_000) }),
  },
)

async function take(server: MemoryKube, clock: ManualClock, step: Step): Promise<void> {
  const key = { namespace: 'shop', name: 'name' in step ? step.name : '' }
  if (step.do === 'write') {
    if (await server.get(configMaps, key)) await server.mergePatch(configMaps, key, { data: { value: step.value } })
    else await server.create(configMaps, configMap(step.name, step.value))
  }
  if (step.do === 'delete') await server.delete(configMaps, key)
  if (step.do === 'end') server.endWatches()
  if (step.do === 'expire') server.endWatches(kubeError(410, 'Expired'))
  if (step.do === 'drop') server.endWatches(unreachable())
  if (step.do === 'compact') server.compact()
  if (step.do === 'bookmark') server.bookmark()
  if (step.do === 'lose' || step.do === 'find') server.losesEvents = step.do === 'lose'
  if (step.do === 'fault') server.failNext(step.method, kubeError(step.code, 'Fault'))
  if (step.do === 'advance') clock.advance(step.durationMs)
}

test('whatever happens, in the end the cache equals the server, and the changes told add up to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
      const { server, clock, reflector, stop } = start()
      const told = new Map<string, KubeObject>()
      const contradictions: string[] = []
      reflector.subscribe(({ type, object, old }) => {
        if (told.get(object.metadata.name) !== old) contradictions.push(`${type} ${object.metadata.name}`)
        if (type === 'deleted') told.delete(object.metadata.name)
        else told.set(object.metadata.name, object)
      })
      for (const step of steps) {
        await take(server, clock, step)
        await settle(1)
      }
      server.losesEvents = false
      for (let round = 0; round < 50; round++) {
        clock.advance(100_000)
        if (round === 45) server.endWatches()
        await settle(1)
      }
      expect(contradictions).toEqual([])
      const expected = server.all(configMaps)
      expect([...reflector.cache.list()].sort(byName)).toEqual(expected.sort(byName))
      expect([...told.values()].sort(byName)).toEqual(expected)
      stop.abort()
      await reflector.stopped
    }),
    { numRuns: 150 },
  )
})

const byName = (a: KubeObject, b: KubeObject) => a.metadata.name.localeCompare(b.metadata.name)
