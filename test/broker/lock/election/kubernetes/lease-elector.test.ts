// What the election by a Lease does beyond the contract: what stands in the Lease, and what happens without the API server.
import { beforeEach, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import type { LeaseElectorOptions } from '../../../../../broker/lock/election/kubernetes/lease-elector.ts'
import { candidacyAt, Electorate } from '../../../../contract/elector.ts'
import { LeaseMembers } from '../../../../support/lease-members.ts'
import { MemoryLease } from '../../../../support/memory-lease.ts'
import { turns } from '../../../../support/turns.ts'

let clock: ManualClock
let server: MemoryLease
let group: Electorate
/** Of the members that are made from here on. */
let options: Partial<LeaseElectorOptions>

beforeEach(() => {
  clock = new ManualClock()
  server = new MemoryLease()
  options = {}
  const members = new LeaseMembers(clock, () => server.client())
  group = new Electorate({
    electorOf: (request) => members.electorOf(request, options),
    kill: (member) => members.kill(member),
    elapse: async () => {
      await turns(3)
      clock.advance(25)
    },
    dispose: () => {},
  })
})

const startAll = async (): Promise<void> => {
  for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
}

const serving = async (): Promise<string> => {
  const member = await group.proposed()
  group.serve(member)
  await group.until(() => server.lease?.metadata.annotations?.['flotilla.dev/founded'] === 'true')
  return member
}

test('the Lease tells who holds it, in which term, and whose it is', async () => {
  await startAll()
  const member = await serving()
  expect(server.lease).toMatchObject({
    metadata: { annotations: { 'flotilla.dev/broker': 'orders', 'flotilla.dev/founded': 'true' } },
    spec: {
      holderIdentity: expect.stringMatching(new RegExp(`^${member}/process-\\d$`)),
      leaseDurationSeconds: 5,
      leaseTransitions: 2,
      renewTime: expect.stringMatching(/\.\d{6}Z$/),
    },
  })
})

test('one that was made before, empty, is taken: then no member needs to make it', async () => {
  server.mayCreate = false
  server.put({})
  await startAll()
  await serving()
  expect(server.lease?.spec?.leaseTransitions).toBe(2)
})

test('without it and without the right to make it the state says so', async () => {
  server.mayCreate = false
  await startAll()
  await group.until(() => group.of('a').elector.state.kind === 'Connecting')
  expect(group.of('a').elector.state).toEqual({
    kind: 'Connecting',
    reason:
      'Lease shop/orders is not there, and this member may not make it: make an empty one, or allow it to create Leases (leases is forbidden)',
  })
})

test('a Lease of another broker, and members that do not fit, are refused', async () => {
  server.put({ metadata: { annotations: { 'flotilla.dev/broker': 'invoices' } } })
  await group.start('a', candidacyAt(100))
  await group.until(() => group.of('a').refusal !== undefined)
  expect(group.of('a').refusal?.message).toContain('it is that of broker invoices')
  await group.start('d', candidacyAt(100))
  expect(group.of('d').refusal?.message).toBe(
    'Cannot elect by Lease shop/orders: this is member d, and its members are a, b, c',
  )
  options = { replicas: 5 }
  await group.start('b', candidacyAt(100))
  expect(group.of('b').refusal?.message).toContain('replicas is 5, and its members are a, b, c')
})

test('the API server may be away for two minutes: who serves serves on, and nobody else is proposed afterwards', async () => {
  await startAll()
  const active = await serving()
  const { lease } = server
  server.isAway = true
  await group.elapse(4800)
  expect(group.of('a').elector.state).toEqual({ kind: 'Connecting', reason: 'Cannot reach the API server' })
  expect(server.lease).toBe(lease)
  server.isAway = false
  await group.until(() => server.lease !== lease)
  await group.elapse(400)
  expect(group.terms).toHaveLength(1)
  expect(group.withdrawn).toEqual([])
  expect(group.of(active).elector.state).toMatchObject({ kind: 'Elected', member: active })
})

test('an active that has ended meanwhile is replaced as soon as the API server is back', async () => {
  await startAll()
  const active = await serving()
  server.isAway = true
  await group.leave(active, 'kill')
  await group.elapse(400)
  expect(group.terms).toHaveLength(1)
  server.isAway = false
  await group.until(() => group.terms.length === 2)
})

test('a released Lease is taken at once, one that is not renewed after its duration', async () => {
  await startAll()
  const first = await serving()
  let sinceMs = clock.monotonicMs()
  await group.leave(first, 'close')
  const second = await group.proposed()
  // Half the interval of renewals, and a step of the test.
  expect(clock.monotonicMs() - sinceMs).toBeLessThan(600)
  await group.start(first, candidacyAt(90))
  await serving()
  await group.elapse(40)
  sinceMs = clock.monotonicMs()
  await group.leave(second, 'kill')
  await group.proposed()
  expect(clock.monotonicMs() - sinceMs).toBeLessThanOrEqual(6000)
})

test('a member that was killed and is back gives back what its earlier process held: nobody waits until that expires', async () => {
  await startAll()
  const first = await serving()
  await group.elapse(40)
  await group.leave(first, 'kill')
  await group.elapse(40)
  const sinceMs = clock.monotonicMs()
  await group.start(first, candidacyAt(100))
  await group.proposed()
  // Half the interval of renewals, and a step of the test.
  expect(clock.monotonicMs() - sinceMs).toBeLessThan(600)
})

test('when another one has taken its Lease, an active that serves goes on, and does not fight for it', async () => {
  await startAll()
  await serving()
  server.put({ ...server.lease, spec: { ...server.lease!.spec, holderIdentity: 'x/1', leaseTransitions: 9 } })
  const { lease } = server
  await group.elapse(100)
  expect(group.withdrawn).toEqual([])
  expect(server.lease).toBe(lease)
})

test('when another one has taken it before it serves, it is told to give up', async () => {
  await startAll()
  const member = await group.proposed()
  server.put({ ...server.lease, spec: { ...server.lease!.spec, holderIdentity: 'x/1', leaseTransitions: 9 } })
  await group.until(() => group.withdrawn.length > 0)
  expect(group.withdrawn).toEqual([{ member, term: 2, reason: 'x has taken the Lease' }])
})

test('a Lease that was taken without an answer is held nevertheless', async () => {
  server.losesAnswer = true
  server.put({})
  await startAll()
  expect(await group.proposed()).toBe('a')
  expect(group.terms).toEqual([2])
})

test('times that stand in the Lease do not count: only that it is not renewed', async () => {
  const spec = { holderIdentity: 'x/1', leaseDurationSeconds: 5, leaseTransitions: 4 }
  server.put({ spec: { ...spec, renewTime: '2001-01-01T00:00:00.000000Z' } })
  await startAll()
  await group.elapse(150)
  expect(group.terms).toEqual([])
  await group.until(() => group.terms.length > 0)
  expect(group.terms).toEqual([5])
})

test('when the best one cannot reach the API server, the next one takes it after a while', async () => {
  await group.start('a', candidacyAt(200))
  group.of('a').elector.candidacy(candidacyAt(200))
  await group.of('a').elector.close()
  await group.start('b', candidacyAt(150))
  await group.start('c', candidacyAt(100))
  await group.elapse(100)
  expect(group.terms).toEqual([])
  expect(await group.proposed()).toBe('b')
})
