import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createApiServer, type ApiServer } from '../../../../../hack/localkube/api-server.ts'
import type { Fault } from '../../../../../hack/localkube/api/http/http-server.ts'
import { fleet, fleetDefinition } from '../sample-definition.ts'

const fleetsPath = '/apis/example.dev/v1/namespaces/default/fleets'
const mapsPath = '/api/v1/namespaces/default/configmaps'
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

let server: ApiServer
let url: string
let fault: ((request: { method: string; path: string; body?: unknown }) => Fault | 'drop' | undefined) | undefined

beforeEach(async () => {
  fault = undefined
  server = createApiServer({ historyLimit: 50, faults: (request) => fault?.(request) })
  server.registry.create({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }, fleetDefinition)
  url = (await server.listen()).url
})

afterEach(() => server.close())

// oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape, compared as a whole
type Answer = { status: number; body: any; headers: Headers }

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const response = await fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...sent,
  })
  const text = await response.text()
  const json = (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers }
}

const patch = (path: string, type: string, body: unknown): Promise<Answer> =>
  call('PATCH', path, body, { 'Content-Type': `application/${type}` })
const configMap = (name: string): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { name } },
  data: {},
})

describe('discovery', () => {
  test('aggregated and older form name the same resources', async () => {
    const aggregated = await call('GET', '/apis', undefined, {
      Accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    })
    expect(aggregated.headers.get('content-type')).toContain('as=APIGroupDiscoveryList')
    const group = aggregated.body.items.find(
      (item: { metadata: { name: string } }) => item.metadata.name === 'example.dev',
    )
    expect(group.versions[0].resources[0]).toMatchObject({
      resource: 'fleets',
      shortNames: ['fl'],
      subresources: [{ subresource: 'scale' }, { subresource: 'status' }],
    })
    const older = await call('GET', '/apis/example.dev/v1')
    expect(older.body.resources.map((resource: { name: string }) => resource.name)).toEqual([
      'fleets',
      'fleets/scale',
      'fleets/status',
    ])
  })

  test('OpenAPI v3 has an index by hash, schemas with merge keys, and the parameters by which kubectl chooses validation', async () => {
    const index = await call('GET', '/openapi/v3')
    const document = await call('GET', index.body.paths['apis/example.dev/v1'].serverRelativeURL)
    expect(
      document.body.components.schemas['dev.example.v1.Fleet'].properties.spec.properties.ships[
        'x-kubernetes-list-map-keys'
      ],
    ).toEqual(['name'])
    expect(
      document.body.paths[`/apis/example.dev/v1/namespaces/{namespace}/fleets/{name}`].patch.parameters,
    ).toContainEqual(expect.objectContaining({ name: 'fieldValidation' }))
    expect((await call('GET', '/openapi/v2', undefined, { Accept: 'application/xml' })).status).toBe(406)
  })

  test('what is not served is 404, with a Status', async () => {
    expect(await call('GET', '/apis/apps/v1/deployments')).toMatchObject({
      status: 404,
      body: { kind: 'Status', reason: 'NotFound' },
    })
    expect((await call('GET', `${mapsPath}/nope`)).body).toMatchObject({
      message: 'configmaps "nope" not found',
      details: { name: 'nope', kind: 'configmaps' },
    })
    expect((await call('POST', '/api/v1/namespaces/default/configmaps/a/exec')).status).toBe(404)
    expect((await call('PUT', mapsPath, {})).status).toBe(405)
  })
})

test('what needs a container around a process is refused with the way there is', async () => {
  for (const [subresource, way] of [
    ['exec', 'its process id is in containerID'],
    ['attach', 'kubectl logs -f'],
    ['portforward', 'connect to its own address, status.podIP'],
  ])
    expect(await call('POST', `/api/v1/namespaces/default/pods/a/${subresource}`)).toMatchObject({
      status: 501,
      body: { kind: 'Status', message: expect.stringContaining(way!) },
    })
})

describe('objects', () => {
  test('errors of a custom resource have the form of the real server', async () => {
    const refused = await call('POST', fleetsPath, fleet('a', { replicas: 11, ships: [{ name: 'a', guns: 100 }] }))
    expect(refused).toMatchObject({
      status: 422,
      body: {
        message:
          'Fleet.example.dev "a" is invalid: [spec: Invalid value: more than ten replicas need big, spec: Forbidden: fleet of 11 has too many guns]',
        details: {
          name: 'a',
          group: 'example.dev',
          kind: 'Fleet',
          causes: [
            { reason: 'FieldValueInvalid', field: 'spec' },
            { reason: 'FieldValueForbidden', field: 'spec' },
          ],
        },
      },
    })
    const blocked = await call('POST', fleetsPath, fleet('a', { replicas: 'x' }))
    expect(blocked.body.details.causes.map((cause: { field: string }) => cause.field)).toEqual([
      'spec.replicas',
      '<nil>',
    ])
  })

  test('unknown and duplicate fields: an error, a warning, or nothing', async () => {
    const text =
      '{"apiVersion":"example.dev/v1","kind":"Fleet","metadata":{"name":"a"},"spec":{"ships":[],"foo":1,"home":"x","home":"y"}}'
    const strict = await call('POST', `${fleetsPath}?fieldValidation=Strict`, text)
    expect(strict).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('strict decoding error: duplicate field "spec.home"') },
    })
    const warned = await call('POST', `${fleetsPath}?dryRun=All`, text)
    expect(warned.headers.get('warning')).toBe(
      '299 - "duplicate field \\"spec.home\\"", 299 - "unknown field \\"spec.foo\\""',
    )
    const ignored = await call('POST', `${fleetsPath}?fieldValidation=Ignore`, text)
    expect(ignored.headers.get('warning')).toBeNull()
    expect(ignored.body.spec).toEqual({ ships: [], home: 'y', replicas: 1, big: false, rank: 'A' })
  })

  test('PUT needs the present resourceVersion if it names one', async () => {
    const created = await call('POST', mapsPath, configMap('a'))
    expect((await call('PUT', `${mapsPath}/a`, { ...created.body, data: { x: '1' } })).body.data).toEqual({ x: '1' })
    expect(await call('PUT', `${mapsPath}/a`, { ...created.body, data: { x: '2' } })).toMatchObject({
      status: 409,
      body: {
        reason: 'Conflict',
        message: expect.stringContaining(
          'the object has been modified; please apply your changes to the latest version and try again',
        ),
      },
    })
  })

  test('the four patches', async () => {
    await call('POST', fleetsPath, fleet('a'))
    const path = `${fleetsPath}/a`
    expect((await patch(path, 'merge-patch+json', { spec: { replicas: 2 } })).body.spec.replicas).toBe(2)
    expect(
      (await patch(path, 'json-patch+json', [{ op: 'replace', path: '/spec/replicas', value: 3 }])).body.spec.replicas,
    ).toBe(3)
    expect((await patch(path, 'strategic-merge-patch+json', {})).status).toBe(415)
    const applied = { apiVersion: 'example.dev/v1', kind: 'Fleet', metadata: { name: 'a' }, spec: { replicas: 4 } }
    expect((await patch(`${path}?fieldManager=me`, 'apply-patch+yaml', applied)).body.message).toMatch(
      /^Apply failed with 1 conflict: conflict with "[^"]+" using example.dev\/v1: .spec.replicas$/,
    )
    expect((await patch(`${path}?fieldManager=me&force=true`, 'apply-patch+yaml', applied)).body.spec.replicas).toBe(4)
    expect((await patch(path, 'apply-patch+yaml', applied)).body.message).toContain('fieldManager: Required value')
  })

  test('status and scale are doors of their own', async () => {
    await call('POST', fleetsPath, fleet('a'))
    const status = { status: { replicas: 1, selector: 'app=x' }, spec: { replicas: 9 } }
    expect((await patch(`${fleetsPath}/a/status`, 'merge-patch+json', status)).body).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 1 },
    })
    const scale = await patch(`${fleetsPath}/a/scale`, 'merge-patch+json', { spec: { replicas: 5 } })
    expect(scale.body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
      status: { replicas: 1, selector: 'app=x' },
    })
    expect((await patch(`${fleetsPath}/a/scale`, 'merge-patch+json', { spec: { replicas: -1 } })).status).toBe(422)
  })

  test('tables, metadata only, YAML', async () => {
    await call('POST', fleetsPath, fleet('a'))
    const printed = await call('GET', fleetsPath, undefined, { Accept: table })
    expect(printed.body).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['a', 1, null, 'sea', expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
    })
    const metadata = await call('GET', fleetsPath, undefined, {
      Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    })
    expect(metadata.body).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] })
    expect((await call('GET', `${fleetsPath}/a`, undefined, { Accept: 'application/yaml' })).body).toContain(
      'kind: Fleet\n',
    )
    expect((await call('GET', fleetsPath, undefined, { Accept: 'application/vnd.kubernetes.protobuf' })).status).toBe(
      406,
    )
  })

  test('deleting a collection by label', async () => {
    for (const name of ['a', 'b']) await call('POST', mapsPath, configMap(name))
    await call('DELETE', `${mapsPath}?labelSelector=name%3Da`)
    expect(
      (await call('GET', mapsPath)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ).toEqual(['b'])
  })

  test('bodies that are too large, malformed or of another kind', async () => {
    expect((await call('POST', mapsPath, 'x'.repeat(3 * 1024 * 1024 + 1))).status).toBe(413)
    expect((await call('POST', mapsPath, '{')).status).toBe(400)
    expect((await call('POST', mapsPath, 'a', { 'Content-Type': 'text/plain' })).status).toBe(415)
    expect(await call('POST', mapsPath, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } })).toMatchObject({
      status: 400,
    })
  })

  test('eviction respects the disruption budget', async () => {
    const podsPath = '/api/v1/namespaces/default/pods'
    await call('POST', podsPath, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { app: 'x' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    await patch(`${podsPath}/p/status`, 'merge-patch+json', { status: { phase: 'Running' } })
    await call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { selector: { matchLabels: { app: 'x' } } },
    })
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
    expect(await call('POST', `${podsPath}/p/eviction`, eviction)).toMatchObject({
      status: 429,
      body: { details: { causes: [{ reason: 'DisruptionBudget' }] } },
    })
    await patch('/apis/policy/v1/namespaces/default/poddisruptionbudgets/b/status', 'merge-patch+json', {
      status: { disruptionsAllowed: 1 },
    })
    expect((await call('POST', `${podsPath}/p/eviction`, eviction)).status).toBe(201)
    expect((await call('GET', `${podsPath}/p`)).status).toBe(404)
  })
})

describe('custom resources of several versions', () => {
  const definition = (served: boolean): unknown => {
    const schema = {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { a: { type: 'string', default: 'x' } } } },
      },
    }
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.dev' },
      spec: {
        group: 'example.dev',
        scope: 'Cluster',
        names: { plural: 'boats', kind: 'Boat' },
        versions: [
          { name: 'v1alpha1', served, storage: false, deprecated: true, deprecationWarning: 'use v1', schema },
          { name: 'v1', served: true, storage: true, schema },
        ],
      },
    }
  }
  const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

  test('each version shows the same object; one that is no longer served is 404', async () => {
    await call('POST', definitionsPath, definition(true))
    const created = await call('POST', '/apis/example.dev/v1alpha1/boats', {
      apiVersion: 'example.dev/v1alpha1',
      kind: 'Boat',
      metadata: { name: 'a' },
      spec: {},
    })
    expect(created.body).toMatchObject({ apiVersion: 'example.dev/v1alpha1', spec: { a: 'x' } })
    expect(created.headers.get('warning')).toBe('299 - "use v1"')
    expect((await call('GET', '/apis/example.dev/v1/boats/a')).body.apiVersion).toBe('example.dev/v1')
    expect((await call('GET', '/apis/example.dev')).body.preferredVersion.version).toBe('v1')
    await patch(`${definitionsPath}/boats.example.dev`, 'merge-patch+json', definition(false))
    expect((await call('GET', '/apis/example.dev/v1alpha1/boats/a')).status).toBe(404)
    expect((await call('GET', `${definitionsPath}/boats.example.dev`)).body.status).toMatchObject({
      storedVersions: ['v1'],
      acceptedNames: { singular: 'boat', listKind: 'BoatList' },
    })
  })

  test('a definition that is not structural, or whose rules do not compile, is refused by field', async () => {
    const broken = JSON.parse(
      JSON.stringify(definition(true)).replaceAll(
        '"type":"string"',
        '"maxLength":3,"x-kubernetes-validations":[{"rule":"self.size( > 1"}]',
      ),
    ) as unknown
    const { status, body } = await call('POST', definitionsPath, broken)
    expect(status).toBe(422)
    const fields = body.details.causes.map((cause: { field: string }) => cause.field)
    const at = 'spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a]'
    expect(fields).toEqual(expect.arrayContaining([`${at}.type`, `${at}.x-kubernetes-validations[0].rule`]))
  })
})

describe('lists', () => {
  const names = (answer: Answer): string[] =>
    answer.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)

  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await call('POST', mapsPath, configMap(name))
  })

  test('pages show the state of the first page', async () => {
    const first = await call('GET', `${mapsPath}?limit=2`)
    expect(first.body.metadata).toMatchObject({ remainingItemCount: 1 })
    await call('DELETE', `${mapsPath}/c`)
    await call('POST', mapsPath, configMap('d'))
    const second = await call('GET', `${mapsPath}?limit=2&continue=${first.body.metadata.continue}`)
    expect([...names(first), ...names(second)]).toEqual(['a', 'b', 'c'])
    expect(second.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion })
  })

  test('an exact version is served while it is remembered; then 410', async () => {
    const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
    await call('DELETE', `${mapsPath}/a`)
    const exact = `${mapsPath}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`
    expect(names(await call('GET', exact))).toEqual(['a', 'b', 'c'])
    server.forgetHistory()
    expect(await call('GET', exact)).toMatchObject({ status: 410, body: { reason: 'Expired' } })
    expect((await call('GET', `${mapsPath}?resourceVersion=999999`)).status).toBe(504)
  })

  test('selectors', async () => {
    expect(names(await call('GET', `${mapsPath}?labelSelector=${encodeURIComponent('name in (a,c)')}`))).toEqual([
      'a',
      'c',
    ])
    expect(names(await call('GET', `${mapsPath}?fieldSelector=metadata.name%3Db`))).toEqual(['b'])
  })
})

describe('watches', () => {
  interface Event {
    type: string
    // oxlint-disable-next-line typescript/no-explicit-any -- objects, tables and Status
    object: any
  }

  /** The events of a watch; ends when `count` have come or the server ends it. */
  async function watch(
    query: string,
    count: number,
    during: () => Promise<unknown> = () => Promise.resolve(),
    headers: Record<string, string> = {},
  ): Promise<Event[]> {
    const abort = new AbortController()
    const response = await fetch(`${url}${mapsPath}?watch=1&${query}`, { signal: abort.signal, headers })
    await during()
    const events: Event[] = []
    let rest = ''
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split('\n')
      rest = lines.pop()!
      events.push(...lines.map((line) => JSON.parse(line) as Event))
      if (events.length >= count) break
    }
    abort.abort()
    return events
  }

  const summary = (events: Event[]): string[] =>
    events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim())

  test('from a version, in order', async () => {
    const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
    await call('POST', mapsPath, configMap('a'))
    const events = await watch(`resourceVersion=${resourceVersion}`, 3, async () => {
      await patch(`${mapsPath}/a`, 'merge-patch+json', { data: { x: '1' } })
      await call('DELETE', `${mapsPath}/a`)
    })
    expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
  })

  test('an object that begins or ceases to match is added or deleted for the watcher', async () => {
    await call('POST', mapsPath, configMap('a'))
    const events = await watch('labelSelector=on', 2, async () => {
      await patch(`${mapsPath}/a`, 'merge-patch+json', { metadata: { labels: { on: 'yes' } } })
      await patch(`${mapsPath}/a`, 'merge-patch+json', { metadata: { labels: { on: null } } })
    })
    expect(summary(events)).toEqual(['ADDED a', 'DELETED a'])
  })

  test('initial events end with a bookmark that says so', async () => {
    await call('POST', mapsPath, configMap('a'))
    const events = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 2)
    expect(summary(events)).toEqual(['ADDED a', 'BOOKMARK'])
    expect(events[1]!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
  })

  test('a version that is forgotten is an ERROR event with 410', async () => {
    const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
    await call('POST', mapsPath, configMap('a'))
    server.forgetHistory()
    const [event] = await watch(`resourceVersion=${resourceVersion}`, 1)
    expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
  })

  test('the history is bounded', async () => {
    const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
    for (let count = 0; count < 60; count++) await call('POST', mapsPath, configMap(`n${count}`))
    expect((await watch(`resourceVersion=${resourceVersion}`, 1))[0]).toMatchObject({ type: 'ERROR' })
  })

  test('timeoutSeconds ends it', async () => {
    expect(await watch('timeoutSeconds=1&resourceVersion=1', 99)).toEqual([])
  })

  test('as a table', async () => {
    await call('POST', mapsPath, configMap('a'))
    const [event] = await watch('', 1, undefined, { Accept: table })
    expect(event!.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', '0', expect.any(String)] }] })
  })
})

describe('logs', () => {
  test('come from the kubelet, and stop when the client goes', async () => {
    const podsPath = '/api/v1/namespaces/default/pods'
    await call('POST', podsPath, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    expect((await call('GET', `${podsPath}/p/log`)).status).toBe(503)
    let asked: unknown
    const ended = Promise.withResolvers<void>()
    server.setPodLogs({
      async *read(pod, options, signal) {
        asked = { ...pod, ...options }
        yield Buffer.from('one\n')
        if (!options.follow) return
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        ended.resolve()
      },
    })
    expect((await call('GET', `${podsPath}/p/log?tailLines=5&previous=true`)).body).toBe('one\n')
    expect(asked).toMatchObject({
      name: 'p',
      namespace: 'default',
      container: 'c',
      follow: false,
      previous: true,
      tailLines: 5,
    })
    const abort = new AbortController()
    const response = await fetch(`${url}${podsPath}/p/log?follow=true`, { signal: abort.signal })
    await response.body!.getReader().read()
    abort.abort()
    await ended.promise
    expect((await call('GET', `${podsPath}/p/log?container=x`)).body.message).toBe('container x is not valid for pod p')
  })
})

describe('faults', () => {
  test('an answer instead of the effect, an answer after it, a cut connection', async () => {
    fault = ({ method, body }) =>
      method === 'POST' && (body as { kind: string }).kind === 'ConfigMap'
        ? { status: 429, retryAfterSeconds: 7 }
        : undefined
    const refused = await call('POST', mapsPath, configMap('a'))
    expect(refused).toMatchObject({ status: 429, body: { reason: 'TooManyRequests' } })
    expect(refused.headers.get('retry-after')).toBe('7')
    expect((await call('GET', mapsPath)).body.items).toEqual([])
    fault = ({ method }) => (method === 'POST' ? { status: 500, after: true } : undefined)
    expect((await call('POST', mapsPath, configMap('a'))).status).toBe(500)
    expect((await call('GET', mapsPath)).body.items).toHaveLength(1)
    fault = () => 'drop'
    await expect(call('GET', mapsPath)).rejects.toThrow('fetch failed')
  })
})
