import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { KubeApiError, KubeUnreachableError } from '../../../operator/kube/errors.ts'
import { type HttpKubeClient, openKubeClient } from '../../../operator/kube/kube-client.ts'
import type { ClusterAccess } from '../../../operator/kube/kube-config.ts'
import type { KubeObject, WatchEvent } from '../../../operator/kube/port.ts'
import { configMaps, customResourceDefinitions, statefulSets } from '../../../operator/kube/resource-types.ts'
import { json, type ScriptedServer, startScriptedServer } from './scripted-server.ts'

let server: ScriptedServer
let client: HttpKubeClient
const tokens: boolean[] = []
const answers: string[] = []

const access = (url: string): ClusterAccess => ({
  server: url,
  namespace: 'default',
  tls: {},
  credentials: (fresh) => {
    tokens.push(fresh)
    return Promise.resolve({ authorization: `Bearer ${fresh ? 'new' : 'old'}` })
  },
})

beforeEach(async () => {
  tokens.length = 0
  answers.length = 0
  server = await startScriptedServer()
  client = openKubeClient({
    access: access(`${server.url}/base/`),
    userAgent: 'test/1',
    onAnswer: (verb, code) => answers.push(`${verb} ${code}`),
  })
})

afterEach(async () => {
  await client.close()
  await server.close()
})

const key = { namespace: 'shop', name: 'a' }
const configMap: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...key }, data: { x: '1' } }
const status = (code: number, reason: string, message: string, details: object = {}) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message,
  details,
})

describe('requests', () => {
  test('get: the object as it is, undefined when there is none', async () => {
    server.next(json(200, { ...configMap, unknownField: { kept: true } }))
    server.next(json(404, status(404, 'NotFound', 'configmaps "a" not found')))
    expect(await client.get(configMaps, key)).toEqual({ ...configMap, unknownField: { kept: true } })
    expect(await client.get(configMaps, key)).toBeUndefined()
    expect(server.asked[0]).toMatchObject({ method: 'GET', path: '/base/api/v1/namespaces/shop/configmaps/a' })
    expect(server.asked[0]?.headers).toMatchObject({ authorization: 'Bearer old', 'user-agent': 'test/1' })
  })

  test('each answer is told, with what was asked', async () => {
    server.next(json(200, configMap))
    server.next(json(401, status(401, 'Unauthorized', 'who are you?')))
    server.next(json(404, status(404, 'NotFound', 'configmaps "a" not found')))
    await client.apply(configMaps, configMap, { fieldManager: 'test', force: true })
    await client.delete(configMaps, key)
    await server.close()
    await expect(client.get(configMaps, key)).rejects.toBeInstanceOf(KubeUnreachableError)
    expect(answers).toEqual(['apply 200', 'delete 401', 'delete 404', 'get undefined'])
  })

  test('list: all pages, with what the items of a list do not say', async () => {
    server.next(
      json(200, { metadata: { continue: 'next', resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] }),
    )
    server.next(json(200, { metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'b' } }] }))
    const list = await client.list(statefulSets, { namespace: 'shop', labelSelector: 'app=x,y in (z)' })
    expect(list).toEqual({
      resourceVersion: '7',
      items: ['a', 'b'].map((name) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name } })),
    })
    expect(server.asked.map(({ query }) => query)).toEqual([
      { labelSelector: 'app=x,y in (z)', limit: '500' },
      { labelSelector: 'app=x,y in (z)', limit: '500', continue: 'next' },
    ])
    expect(server.asked[0]?.path).toBe('/base/apis/apps/v1/namespaces/shop/statefulsets')
  })

  test('list: begins anew when the continue token has expired, but not for ever', async () => {
    const first = json(200, {
      metadata: { continue: 'next', resourceVersion: '7' },
      items: [{ metadata: { name: 'a' } }],
    })
    const expired = json(410, status(410, 'Expired', 'too old'))
    for (const answer of [first, expired, first]) server.next(answer)
    server.next(json(200, { metadata: { resourceVersion: '9' }, items: null }))
    const list = await client.list(configMaps, {})
    expect(list.items.map((item) => item.metadata.name)).toEqual(['a'])
    expect(server.asked[0]?.path).toBe('/base/api/v1/configmaps')
    for (let count = 0; count < 4; count++) server.next(expired)
    await expect(client.list(configMaps, {})).rejects.toMatchObject({ code: 410, reason: 'Expired' })
  })

  test('create, replace, apply, patch: strict validation, the right form of body', async () => {
    for (let count = 0; count < 5; count++) server.next(json(200, configMap))
    await client.create(configMaps, configMap)
    await client.replace(configMaps, configMap)
    await client.apply(configMaps, configMap, { fieldManager: 'op', force: true })
    await client.apply(configMaps, configMap, { fieldManager: 'op', force: false, dryRun: true, subresource: 'status' })
    await client.mergePatch(configMaps, key, { data: null }, 'op')
    const path = '/base/api/v1/namespaces/shop/configmaps'
    const fieldValidation = 'Strict'
    expect(
      server.asked.map(({ method, path, query, headers }) => [method, path, headers['content-type'], query]),
    ).toEqual([
      ['POST', path, 'application/json', { fieldValidation }],
      ['PUT', `${path}/a`, 'application/json', { fieldValidation }],
      ['PATCH', `${path}/a`, 'application/apply-patch+yaml', { fieldManager: 'op', force: 'true', fieldValidation }],
      [
        'PATCH',
        `${path}/a/status`,
        'application/apply-patch+yaml',
        { fieldManager: 'op', force: 'false', fieldValidation, dryRun: 'All' },
      ],
      ['PATCH', `${path}/a`, 'application/merge-patch+json', { fieldManager: 'op', fieldValidation }],
    ])
    expect(server.asked[2]?.body).toEqual(configMap)
    expect(server.asked[4]?.body).toEqual({ data: null })
  })

  test('delete: options in the body; what is gone already is no error, another uid is', async () => {
    server.next(json(200, status(200, '', '')))
    server.next(json(404, status(404, 'NotFound', 'not found')))
    server.next(json(409, status(409, 'Conflict', 'the UID in the precondition does not match')))
    await client.delete(configMaps, key, { uid: 'u1', propagationPolicy: 'Foreground', gracePeriodSeconds: 3 })
    await client.delete(configMaps, key)
    await expect(client.delete(configMaps, key, { uid: 'u0' })).rejects.toMatchObject({ code: 409 })
    expect(server.asked[0]).toMatchObject({ method: 'DELETE' })
    expect(server.asked[0]?.body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Foreground',
      gracePeriodSeconds: 3,
      preconditions: { uid: 'u1' },
    })
    expect(server.asked[1]?.body).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions' })
  })

  test('what has no namespace has none in its path', async () => {
    server.next(json(200, {}))
    await client.get(customResourceDefinitions, { namespace: '', name: 'x.flotilla.dev' })
    expect(server.asked[0]?.path).toBe('/base/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.flotilla.dev')
  })

  test('connections are kept: requests one after the other do not each open one', async () => {
    for (let count = 0; count < 5; count++) server.next(json(200, configMap))
    for (let count = 0; count < 5; count++) await client.get(configMaps, key)
    expect(server.connections()).toBeLessThan(5)
  })
})

describe('answers that are no success', () => {
  test('a Status becomes an error with its code, reason, details and Retry-After', async () => {
    const details = { causes: [{ field: 'spec.x', message: 'unknown' }] }
    server.next(json(422, status(422, 'Invalid', 'ConfigMap "a" is invalid', details)))
    server.next(json(429, status(429, 'TooManyRequests', 'later', { retryAfterSeconds: 3 }), { 'retry-after': '7' }))
    server.next(json(503, status(503, 'ServiceUnavailable', 'later', { retryAfterSeconds: 3 })))
    const invalid = await failure(client.create(configMaps, configMap))
    const busy = await failure(client.create(configMaps, configMap))
    const down = await failure(client.create(configMaps, configMap))
    expect(invalid).toBeInstanceOf(KubeApiError)
    expect(invalid).toMatchObject({ code: 422, reason: 'Invalid', details, retryAfterMs: undefined })
    expect(invalid?.message).toBe('Cannot create ConfigMap shop/a: ConfigMap "a" is invalid (422 Invalid)')
    expect(busy).toMatchObject({ code: 429, retryAfterMs: 7000 })
    expect(down).toMatchObject({ code: 503, retryAfterMs: 3000 })
  })

  test('so does anything else that stands in front of the server', async () => {
    server.next((response) => response.writeHead(502).end('<html>bad gateway</html>'))
    server.next((response) => response.writeHead(200).end('not json'))
    expect(await failure(client.get(configMaps, key))).toMatchObject({
      code: 502,
      reason: 'Unknown',
      message: 'Cannot get ConfigMap shop/a: the server answered 502: <html>bad gateway</html>',
    })
    expect(await failure(client.get(configMaps, key))).toMatchObject({ reason: 'InvalidAnswer' })
  })

  test('after 401 it tries once more with fresh credentials', async () => {
    server.next(json(401, status(401, 'Unauthorized', 'expired')))
    server.next(json(200, configMap))
    expect(await client.get(configMaps, key)).toEqual(configMap)
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
    for (let count = 0; count < 2; count++) server.next(json(401, status(401, 'Unauthorized', 'expired')))
    expect(await failure(client.get(configMaps, key))).toMatchObject({ code: 401 })
    expect(tokens).toEqual([false, true, false, true])
  })
})

describe('no answer', () => {
  test('nobody listens', async () => {
    await server.close()
    const error = await failure(client.get(configMaps, key))
    expect(error).toBeInstanceOf(KubeUnreachableError)
    expect(error?.message).toMatch(
      /^Cannot get ConfigMap shop\/a: no answer from http:\/\/127.0.0.1:\d+: .*ECONNREFUSED/,
    )
  })

  test('the connection breaks before or within the answer', async () => {
    server.next((response) => response.destroy())
    server.next((response) => {
      response.writeHead(200)
      response.write('{"half":')
      setImmediate(() => response.destroy())
    })
    expect(await failure(client.get(configMaps, key))).toBeInstanceOf(KubeUnreachableError)
    expect(await failure(client.get(configMaps, key))).toBeInstanceOf(KubeUnreachableError)
  })

  test('requests that are under way are cut when that is asked for, later ones are not', async () => {
    const closed = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    server.next((response) => {
      response.on('close', closed.resolve)
      asked.resolve()
    })
    const cut = failure(client.apply(configMaps, configMap, { fieldManager: 'test', force: true }))
    await asked.promise
    client.cutRequests()
    expect(await cut).toBeInstanceOf(KubeUnreachableError)
    await closed.promise
    server.next(json(200, configMap))
    expect(await client.get(configMaps, key)).toEqual(configMap)
  })

  test('the server takes too long', async () => {
    const impatient = openKubeClient({ access: access(server.url), limits: { answerTimeoutMs: 20 } })
    server.next(() => {})
    expect(await failure(impatient.get(configMaps, key))).toBeInstanceOf(KubeUnreachableError)
    await impatient.close()
  })
})

describe('watch', () => {
  const event = (type: string, name: string, version = '8') =>
    `${JSON.stringify({ type, object: { ...configMap, metadata: { name, resourceVersion: version } } })}\n`
  const options = { namespace: 'shop', labelSelector: 'a=b', resourceVersion: '7', timeoutSeconds: 300 }

  /** Starts a watch; `seen` fills as events come. */
  function watch(signal = new AbortController().signal, using = client) {
    const seen: string[] = []
    const arrivals: (() => void)[] = []
    const told = (event: WatchEvent) => {
      seen.push(
        event.type === 'BOOKMARK' ? `BOOKMARK ${event.resourceVersion}` : `${event.type} ${event.object.metadata.name}`,
      )
      arrivals.shift()?.()
    }
    const ended = using.watch(configMaps, options, told, signal)
    ended.catch(() => {})
    return { seen, ended, next: () => new Promise<void>((resolve) => arrivals.push(resolve)) }
  }

  test('events as they come, whatever the chunks, until the server ends it', async () => {
    const text = event('ADDED', 'ä') + event('BOOKMARK', '', '9') + event('MODIFIED', 'b') + event('DELETED', 'c')
    server.next((response) => {
      response.writeHead(200)
      const bytes = Buffer.from(text)
      const send = (from: number) => {
        if (from >= bytes.length) response.end()
        else response.write(bytes.subarray(from, from + 11), () => setImmediate(send, from + 11))
      }
      send(0)
    })
    const { seen, ended } = watch()
    await ended
    expect(seen).toEqual(['ADDED ä', 'BOOKMARK 9', 'MODIFIED b', 'DELETED c'])
    expect(server.asked[0]?.query).toEqual({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: '7',
      timeoutSeconds: '300',
      labelSelector: 'a=b',
    })
  })

  test('410 instead of a watch', async () => {
    server.next(json(410, status(410, 'Expired', 'too old resource version')))
    await expect(watch().ended).rejects.toMatchObject({ code: 410, reason: 'Expired' })
  })

  test('an ERROR event', async () => {
    const error = { type: 'ERROR', object: status(410, 'Expired', 'too old resource version: 7 (12)') }
    server.next((response) => void response.end(`${event('ADDED', 'a')}${JSON.stringify(error)}\n`))
    const { seen, ended } = watch()
    await expect(ended).rejects.toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'Cannot watch configmaps in shop: too old resource version: 7 (12) (410 Expired)',
    })
    expect(seen).toEqual(['ADDED a'])
  })

  test('the connection breaks in the middle', async () => {
    server.next((response) => response.write(event('ADDED', 'a')))
    const { seen, ended, next } = watch()
    await next()
    await server.close()
    await expect(ended).rejects.toBeInstanceOf(KubeUnreachableError)
    expect(seen).toEqual(['ADDED a'])
  })

  test('an end within an event is a broken connection', async () => {
    server.next((response) => void response.end('{"type":"ADDED"'))
    await expect(watch().ended).rejects.toBeInstanceOf(KubeUnreachableError)
  })

  test('no byte for longer than the watch should last', async () => {
    const impatient = openKubeClient({ access: access(server.url), limits: { watchSlackMs: 50 - 300_000 } })
    server.next((response) => response.write(event('ADDED', 'a')))
    await expect(watch(undefined, impatient).ended).rejects.toBeInstanceOf(KubeUnreachableError)
    await impatient.close()
  })

  test('the signal ends it without an error: before the answer, and later', async () => {
    const before = new AbortController()
    server.next(() => before.abort())
    await watch(before.signal).ended
    const later = new AbortController()
    server.next((response) => response.write(event('ADDED', 'a')))
    const { ended, next } = watch(later.signal)
    await next()
    later.abort()
    await ended
    await watch(AbortSignal.abort()).ended
    expect(server.asked).toHaveLength(2)
  })

  test('what the receiver throws comes out as it is, and the connection is given up', async () => {
    let closed: Promise<void> | undefined
    server.next((response) => {
      closed = new Promise((resolve) => response.on('close', resolve))
      response.write(event('ADDED', 'a'))
    })
    const bug = () => {
      throw new TypeError('a bug')
    }
    await expect(client.watch(configMaps, options, bug, new AbortController().signal)).rejects.toBeInstanceOf(TypeError)
    await closed
  })
})

const failure = (promise: Promise<unknown>): Promise<(Error & { message: string }) | undefined> =>
  promise.then(
    () => undefined,
    (error: Error) => error,
  )
