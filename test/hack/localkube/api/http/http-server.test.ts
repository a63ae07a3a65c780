// The HTTP door: what is not served, bodies that are refused, faults for tests.
import { expect, test } from '@jest/globals'
import { configMap, mapsPath, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call } = api

test('what is not served is 404, with a Status', async () => {
  expect(await call('GET', '/apis/apps/v1/daemonsets')).toMatchObject({
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

test('bodies that are too large, malformed or of another kind', async () => {
  expect((await call('POST', mapsPath, 'x'.repeat(3 * 1024 * 1024 + 1))).status).toBe(413)
  expect((await call('POST', mapsPath, '{')).status).toBe(400)
  expect((await call('POST', mapsPath, 'a', { 'Content-Type': 'text/plain' })).status).toBe(415)
  expect(await call('POST', mapsPath, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } })).toMatchObject({
    status: 400,
  })
})

test('faults: an answer instead of the effect, an answer after it, a cut connection', async () => {
  api.fault = ({ method, body }) =>
    method === 'POST' && (body as { kind: string }).kind === 'ConfigMap'
      ? { status: 429, retryAfterSeconds: 7 }
      : undefined
  const refused = await call('POST', mapsPath, configMap('a'))
  expect(refused).toMatchObject({ status: 429, body: { reason: 'TooManyRequests' } })
  expect(refused.headers.get('retry-after')).toBe('7')
  expect((await call('GET', mapsPath)).body.items).toEqual([])
  api.fault = ({ method }) => (method === 'POST' ? { status: 500, after: true } : undefined)
  expect((await call('POST', mapsPath, configMap('a'))).status).toBe(500)
  expect((await call('GET', mapsPath)).body.items).toHaveLength(1)
  api.fault = () => 'drop'
  await expect(call('GET', mapsPath)).rejects.toThrow('fetch failed')
})
