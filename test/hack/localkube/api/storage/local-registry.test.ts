import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, truncateSync, writeFileSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createApiServer, type ApiServer } from '../../../../../hack/localkube/api-server.ts'
import { openFileLog } from '../../../../../hack/localkube/api/storage/file-log.ts'
import type { NewLocalObject, Registry, RegistryEvent } from '../../../../../hack/localkube/api/registry.ts'
import { fleet, fleetDefinition, fleets } from '../sample-definition.ts'

const pods = { group: '', plural: 'pods' }
const configMaps = { group: '', plural: 'configmaps' }
const namespaces = { group: '', plural: 'namespaces' }
const services = { group: '', plural: 'services' }
const definitions = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }

const pod = (name: string, spec: Record<string, unknown> = {}): NewLocalObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
})
const configMap = (name: string, data: Record<string, string> = {}): NewLocalObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

let server: ApiServer
let registry: Registry

beforeEach(() => {
  server = createApiServer({ now: () => new Date('2026-01-01T00:00:00Z') })
  registry = server.registry
})

afterEach(() => server.close())

describe('writing', () => {
  test('create completes the object; versions grow with each change; nothing changes without a change', () => {
    const created = registry.create(configMaps, configMap('a', { x: '1' }))
    expect(created.metadata).toMatchObject({
      name: 'a',
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:00Z',
    })
    const changed = registry.update(configMaps, 'default', 'a', (object) => void (object['data'].x = '2'))!
    expect(Number(changed.metadata.resourceVersion)).toBe(Number(created.metadata.resourceVersion) + 1)
    expect(registry.update(configMaps, 'default', 'a', () => {})!.metadata.resourceVersion).toBe(
      changed.metadata.resourceVersion,
    )
  })

  test('what the registry hands out is a copy', () => {
    registry.create(configMaps, configMap('a', { x: '1' }))
    registry.get(configMaps, 'default', 'a')!['data'].x = 'changed'
    expect(registry.get(configMaps, 'default', 'a')!['data']).toEqual({ x: '1' })
  })

  test('the generation counts changes of the desired state, not of status or metadata', () => {
    registry.create(definitions, fleetDefinition)
    registry.create(fleets, fleet('a'))
    registry.updateStatus(fleets, 'default', 'a', (object) => void (object['status'] = { replicas: 1 }))
    registry.update(fleets, 'default', 'a', (object) => void (object.metadata.labels = { a: 'b' }))
    expect(registry.get(fleets, 'default', 'a')!.metadata.generation).toBe(1)
    registry.update(fleets, 'default', 'a', (object) => void (object['spec'].replicas = 2))
    expect(registry.get(fleets, 'default', 'a')).toMatchObject({ metadata: { generation: 2 }, status: { replicas: 1 } })
  })

  test('update leaves the status alone, updateStatus everything else', () => {
    registry.create(pods, pod('a'))
    registry.update(pods, 'default', 'a', (object) => void (object['status'].phase = 'Running'))
    expect(registry.get(pods, 'default', 'a')!['status'].phase).toBe('Pending')
    registry.updateStatus(pods, 'default', 'a', (object) => {
      object['status'].phase = 'Running'
      object['spec'].nodeName = 'n'
    })
    expect(registry.get(pods, 'default', 'a')).toMatchObject({ status: { phase: 'Running' } })
    expect(registry.get(pods, 'default', 'a')!['spec'].nodeName).toBeUndefined()
  })

  test.each([
    [
      () => registry.create(configMaps, { ...configMap('a'), metadata: { name: 'a', namespace: 'nope' } }),
      { code: 404, message: 'namespaces "nope" not found' },
    ],
    [() => registry.create(configMaps, configMap('Bad_Name')), { code: 422, reason: 'Invalid' }],
    [
      () => registry.create(pods, pod('a', { restartPolicy: 'Sometimes' })),
      { code: 422, message: expect.stringContaining('spec.restartPolicy: Unsupported value: "Sometimes"') },
    ],
    [
      () => registry.list({ group: 'x', plural: 'y' }),
      { code: 404, message: 'Cannot find resource y in group "x": it is not served' },
    ],
    [
      () => (registry.create(configMaps, configMap('a')), registry.create(configMaps, configMap('a'))),
      { code: 409, reason: 'AlreadyExists', message: 'configmaps "a" already exists' },
    ],
  ])('refusals have code, reason and message %#', (act, expected) => {
    expect(act).toThrow(expect.objectContaining(expected))
  })

  test('a Service keeps the address that it was given; no two have the same', () => {
    const service = (name: string): NewLocalObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ port: 80 }] },
    })
    const first = registry.create(services, service('a'))
    expect(first['spec']).toMatchObject({
      clusterIP: '10.96.0.1',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
      type: 'ClusterIP',
    })
    expect(registry.create(services, service('b'))['spec'].clusterIP).toBe('10.96.0.2')
    expect(() =>
      registry.update(services, 'default', 'a', (object) => void (object['spec'].clusterIP = '10.96.0.9')),
    ).toThrow('may not change once set')
  })
})

describe('deleting', () => {
  test('finalizers hold an object until the last one is gone', () => {
    registry.create(configMaps, {
      ...configMap('a'),
      metadata: { name: 'a', namespace: 'default', finalizers: ['x.dev/a'] },
    })
    registry.delete(configMaps, 'default', 'a')
    expect(registry.get(configMaps, 'default', 'a')!.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z')
    registry.update(configMaps, 'default', 'a', (object) => void delete object.metadata.finalizers)
    expect(registry.get(configMaps, 'default', 'a')).toBeUndefined()
  })

  test('a pod on a node gets its grace period, which may only become shorter', () => {
    registry.create(pods, pod('a', { nodeName: 'n', terminationGracePeriodSeconds: 20 }))
    registry.delete(pods, 'default', 'a')
    expect(registry.get(pods, 'default', 'a')!.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:20Z',
      deletionGracePeriodSeconds: 20,
    })
    registry.delete(pods, 'default', 'a', { gracePeriodSeconds: 60 })
    expect(registry.get(pods, 'default', 'a')!.metadata.deletionGracePeriodSeconds).toBe(20)
    registry.delete(pods, 'default', 'a', { gracePeriodSeconds: 0 })
    expect(registry.get(pods, 'default', 'a')).toBeUndefined()
  })

  test('a pod that no node has goes at once; deleting twice or the wrong uid', () => {
    registry.create(pods, pod('a'))
    expect(() => registry.delete(pods, 'default', 'a', { uid: 'other' })).toThrow('Precondition failed: UID')
    registry.delete(pods, 'default', 'a')
    registry.delete(pods, 'default', 'a')
    expect(registry.get(pods, 'default', 'a')).toBeUndefined()
  })

  test('propagation sets the finalizer that the garbage collector works by', () => {
    registry.create(configMaps, configMap('a'))
    registry.delete(configMaps, 'default', 'a', { propagationPolicy: 'Foreground' })
    expect(registry.get(configMaps, 'default', 'a')!.metadata.finalizers).toEqual(['foregroundDeletion'])
  })

  test('a namespace takes its contents with it, a definition its objects', async () => {
    registry.create(definitions, fleetDefinition)
    registry.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    registry.create(fleets, { ...fleet('a'), metadata: { name: 'a', namespace: 'shop' } })
    registry.create(fleets, fleet('b'))
    registry.delete(namespaces, undefined, 'shop')
    expect(registry.get(namespaces, undefined, 'shop')).toMatchObject({ status: { phase: 'Terminating' } })
    await eventually(() => registry.get(namespaces, undefined, 'shop') === undefined)
    expect(registry.list(fleets).map((object) => object.metadata.name)).toEqual(['b'])
    registry.delete(definitions, undefined, 'fleets.example.dev')
    await eventually(() => registry.get(definitions, undefined, 'fleets.example.dev') === undefined)
    expect(() => registry.list(fleets)).toThrow('it is not served')
  })
})

describe('watching', () => {
  test('existing objects come as ADDED, then each change in order', async () => {
    registry.create(configMaps, configMap('a'))
    const seen: string[] = []
    const watch = registry.watch(
      configMaps,
      ({ type, object }: RegistryEvent) => void seen.push(`${type} ${object.metadata.name}`),
    )
    registry.create(configMaps, configMap('b'))
    registry.update(configMaps, 'default', 'a', (object) => void (object['data'] = { x: '1' }))
    registry.delete(configMaps, 'default', 'b')
    expect(seen).toEqual([])
    await eventually(() => seen.length === 4)
    expect(seen).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b'])
    watch.close()
    registry.create(configMaps, configMap('c'))
    await nextTurn()
    expect(seen).toHaveLength(4)
  })

  test('an event is one object under both of its APIs', () => {
    const regarding = { kind: 'Pod', name: 'p', namespace: 'default' }
    registry.create(
      { group: 'events.k8s.io', plural: 'events' },
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: 'e', namespace: 'default' },
        regarding,
        note: 'hello',
        reason: 'R',
        type: 'Normal',
        action: 'A',
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'c',
        reportingInstance: 'i',
      },
    )
    expect(registry.get({ group: '', plural: 'events' }, 'default', 'e')).toMatchObject({
      apiVersion: 'v1',
      involvedObject: regarding,
      message: 'hello',
      reportingComponent: 'c',
    })
  })
})

describe('on disk', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'localkube-'))
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  const reopen = (): ApiServer => createApiServer({ log: openFileLog(directory) })

  test('objects, versions and custom kinds survive a restart; a torn last line is cut', async () => {
    const before = reopen()
    before.registry.create(definitions, fleetDefinition)
    const kept = before.registry.create(fleets, fleet('a'))
    before.registry.create(configMaps, configMap('gone'))
    before.registry.delete(configMaps, 'default', 'gone')
    const last = before.registry.create(configMaps, configMap('torn'))
    await before.close()
    const file = join(directory, 'objects.jsonl')
    truncateSync(file, statSync(file).size - 5)

    const after = reopen()
    expect(after.registry.get(fleets, 'default', 'a')).toEqual(kept)
    expect(after.registry.list(configMaps)).toEqual([])
    const next = after.registry.create(configMaps, configMap('b'))
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(last.metadata.resourceVersion))
    await after.close()
  })

  test('the file stays in proportion to what lives in it', async () => {
    const before = reopen()
    before.registry.create(configMaps, configMap('a'))
    for (let count = 0; count < 5000; count++)
      before.registry.update(configMaps, 'default', 'a', (object) => void (object['data'] = { count: String(count) }))
    await before.close()
    const lines = readFileSync(join(directory, 'objects.jsonl'), 'utf8').split('\n').length
    expect(lines).toBeLessThan(2100)
    const after = reopen()
    expect(after.registry.get(configMaps, 'default', 'a')!['data']).toEqual({ count: '4999' })
    await after.close()
  })

  test('a damaged line elsewhere is named', () => {
    writeFileSync(
      join(directory, 'objects.jsonl'),
      '{"revision":2,"resource":"/pods","key":"a"}\ngarbage\n{"revision":3,"resource":"/pods","key":"b"}\n',
    )
    expect(reopen).toThrow('line 2 is damaged')
  })
})

async function eventually(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) await nextTurn()
  expect(condition()).toBe(true)
}
