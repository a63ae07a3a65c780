import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { createEventRecorder } from '../../../operator/controller/event-recorder.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { events } from '../../../operator/kube/resource-types.ts'
import { kubeError, MemoryKube, settle, unreachable } from '../../support/memory-kube.ts'

const regarding: KubeObject = {
  apiVersion: 'flotilla.dev/v1alpha1',
  kind: 'BrokerCluster',
  metadata: { namespace: 'shop', name: 'orders', uid: 'u1', resourceVersion: '7' },
}

function start() {
  const server = new MemoryKube()
  const clock = new ManualClock()
  const recorder = createEventRecorder({
    client: server,
    controller: 'flotilla.dev/operator',
    instance: 'operator-0',
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  })
  const record = (note = 'orders-bc-1 is active') =>
    recorder.record({ regarding, type: 'Normal', reason: 'FailoverSeen', action: 'Observe', note })
  const count = () => (server.all(events)[0]?.['series'] as { count: number } | undefined)?.count ?? 1
  return { server, clock, recorder, record, count }
}

test('an event is written as the API server wants it', async () => {
  const { server, record } = start()
  record()
  await settle()
  expect(server.all(events)).toEqual([
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: expect.objectContaining({ namespace: 'shop', name: expect.stringMatching(/^orders\.[0-9a-f]+$/) }),
      eventTime: '2023-11-14T22:13:20.000000Z',
      reportingController: 'flotilla.dev/operator',
      reportingInstance: 'operator-0',
      type: 'Normal',
      reason: 'FailoverSeen',
      action: 'Observe',
      note: 'orders-bc-1 is active',
      regarding: { apiVersion: regarding.apiVersion, kind: 'BrokerCluster', ...regarding.metadata },
    },
  ])
})

test('the same again counts in a series, which is written every 30 s at most', async () => {
  const { server, clock, record, count } = start()
  record()
  record()
  record()
  await settle()
  clock.advance(1000)
  record()
  await settle()
  expect([server.all(events).length, count()]).toEqual([1, 3])
  for (let second = 0; second < 28; second++) {
    clock.advance(1000)
    record()
    await settle(1)
  }
  expect(count()).toBe(3)
  clock.advance(1000)
  await settle()
  expect(count()).toBe(32)
  expect(server.calls.filter((call) => call.startsWith('mergePatch')).length).toBeLessThanOrEqual(3)
})

test('after six minutes of silence, or with another note, it is a new event', async () => {
  const { server, clock, record } = start()
  record()
  record('something else')
  await settle()
  clock.advance(360_000)
  record()
  await settle()
  expect(server.all(events)).toHaveLength(3)
})

test('an Event that the server has forgotten is made anew', async () => {
  const { server, record } = start()
  record()
  await settle()
  server.failNext('mergePatch', kubeError(404, 'NotFound'))
  await server.delete(events, { namespace: 'shop', name: server.all(events)[0]!.metadata.name })
  record()
  await settle()
  expect(server.all(events)).toHaveLength(1)
})

test('errors are not for the caller, and the next event is written', async () => {
  const { server, record } = start()
  server.failNext('create', unreachable())
  record()
  record('something else')
  await settle()
  expect(server.all(events)).toHaveLength(1)
  record()
  await settle()
  expect(server.all(events)).toHaveLength(2)
})

test('a server that does not answer does not make it grow', async () => {
  const { server, record } = start()
  const release = server.holdNext('create')
  for (let index = 0; index < 3000; index++) record(`event ${index}`)
  release()
  await settle(3000)
  expect(server.all(events).length).toBeLessThanOrEqual(1001)
})

test('a long note is cut, between characters', async () => {
  const { server, record } = start()
  record('ä'.repeat(2000))
  await settle()
  const note = server.all(events)[0]!['note'] as string
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024)
  expect(note).toMatch(/^ä+…$/)
})

test('stop writes what is waiting, but does not wait for ever', async () => {
  const { server, clock, recorder, record } = start()
  record()
  await recorder.stop()
  expect(server.all(events)).toHaveLength(1)
  record('later')
  await settle()
  expect(server.all(events)).toHaveLength(1)

  const stuck = start()
  stuck.server.holdNext('create')
  stuck.record()
  const stopping = stuck.recorder.stop()
  await settle()
  stuck.clock.advance(2000)
  await stopping
  expect(clock.pendingTimers).toBe(0)
})

test('after stop nothing is written any more: neither what would not wait, nor a series whose time comes later', async () => {
  const { server, clock, recorder, record } = start()
  for (let count = 0; count < 3; count++) {
    record()
    await settle()
  }
  const release = server.holdNext('create')
  record('under way')
  record('waiting')
  await settle()
  const stopping = recorder.stop()
  await settle()
  clock.advance(2_000)
  await stopping
  const before = server.calls.length
  release()
  clock.advance(60_000)
  await settle()
  expect(server.calls.slice(before)).toEqual([])
})
