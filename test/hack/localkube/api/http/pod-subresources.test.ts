// Subresources of pods: eviction, logs, and what is refused.
import { expect, test } from '@jest/globals'
import { pod, podsPath, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call, patch } = api

test('attach is refused with the way there is', async () => {
  expect(await call('POST', `${podsPath}/a/attach`)).toMatchObject({
    status: 501,
    body: { kind: 'Status', message: expect.stringContaining('kubectl logs -f') },
  })
})

test('eviction respects the disruption budget', async () => {
  await call('POST', podsPath, pod({ app: 'x' }))
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

test('logs come from the kubelet, and stop when the client goes', async () => {
  await call('POST', podsPath, pod())
  expect((await call('GET', `${podsPath}/p/log`)).status).toBe(503)
  let asked: unknown
  const ended = Promise.withResolvers<void>()
  api.server.setPodLogs({
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
  const response = await fetch(`${api.url}${podsPath}/p/log?follow=true`, { signal: abort.signal })
  await response.body!.getReader().read()
  abort.abort()
  await ended.promise
  expect((await call('GET', `${podsPath}/p/log?container=x`)).body.message).toBe('container x is not valid for pod p')
})
