import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { type Lease, startLeaderElection } from '../../../operator/controller/leader-elector.ts'
import { leases } from '../../../operator/kube/resource-types.ts'
import { kubeError, MemoryKube, settle, unreachable } from '../../support/memory-kube.ts'

const lease = { namespace: 'flotilla', name: 'operator' }

function contend(server: MemoryKube, clock: ManualClock, identity: string) {
  const election = startLeaderElection({
    client: server,
    lease,
    identity,
    clock,
    random: { next: () => 0 },
    logger: silentLogger,
  })
  const state = { elected: undefined as boolean | undefined, lost: undefined as string | undefined }
  void election.elected.then((elected) => (state.elected = elected))
  void election.lost.then((reason) => (state.lost = reason))
  return { ...election, state }
}

/** Time goes by in steps that are shorter than every period. */
async function pass(clock: ManualClock, durationMs: number): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += 500) {
    clock.advance(500)
    await settle(3)
  }
}

/** Time has gone by, but no timer has fired yet: a process that was stopped and goes on. */
class FrozenClock extends ManualClock {
  #frozenMs = 0

  wakeAfter(durationMs: number): void {
    this.#frozenMs += durationMs
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#frozenMs
  }
}

const read = async (server: MemoryKube): Promise<Lease['spec']> => (await server.get<Lease>(leases, lease))?.spec

describe('leader election', () => {
  test('the first takes the Lease, renews it, and times are written as the API server wants them', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    expect(a.state.elected).toBe(true)
    expect(await read(server)).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2023-11-14T22:13:20.000000Z',
      renewTime: '2023-11-14T22:13:20.000000Z',
      leaseTransitions: 0,
    })
    await pass(clock, 2_000)
    expect(await read(server)).toMatchObject({
      acquireTime: '2023-11-14T22:13:20.000000Z',
      renewTime: '2023-11-14T22:13:22.000000Z',
    })
    await pass(clock, 60_000)
    expect(a.isLeader()).toBe(true)
    await a.stop()
  })

  test('another waits for as long as the Lease is renewed, and takes it at once when it is released', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    const b = contend(server, clock, 'b')
    await pass(clock, 60_000)
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false])
    await a.stop()
    expect(await read(server)).toMatchObject({ holderIdentity: '' })
    await pass(clock, 2_500)
    expect([a.isLeader(), b.isLeader()]).toEqual([false, true])
    expect(await read(server)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    expect(a.state.lost).toBeUndefined()
    await b.stop()
  })

  test('a Lease of a dead holder is taken after its duration by the own clock, whatever its times say', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    await server.create<Lease>(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...lease },
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 15,
        renewTime: '2001-01-01T00:00:00.000000Z',
        leaseTransitions: 4,
      },
    })
    const b = contend(server, clock, 'b')
    await pass(clock, 14_500)
    expect(b.isLeader()).toBe(false)
    await pass(clock, 3_000)
    expect(b.isLeader()).toBe(true)
    expect(await read(server)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 5 })
    await b.stop()
  })

  test('who cannot renew for ten seconds has lost, before anybody else can take the Lease', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    const b = contend(server, clock, 'b')
    await settle()
    for (let count = 0; count < 100; count++) server.failNext('replace', unreachable())
    await pass(clock, 9_500)
    expect(a.isLeader()).toBe(true)
    await pass(clock, 500)
    expect([a.isLeader(), b.isLeader()]).toEqual([false, false])
    expect(a.state.lost).toBe('the lease could not be renewed for 10000 ms')
    await a.stop()
    await b.stop()
  })

  test('who was frozen for longer is no leader when it wakes up, before anything else of it runs', async () => {
    const server = new MemoryKube()
    const clock = new FrozenClock()
    const a = contend(server, clock, 'a')
    await settle()
    expect(a.isLeader()).toBe(true)
    clock.wakeAfter(9_999)
    expect(a.isLeader()).toBe(true)
    clock.wakeAfter(1)
    expect(a.isLeader()).toBe(false)
    await a.stop()
  })

  test('a server that does not answer at all is the same', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    const release = server.holdNext('replace')
    await pass(clock, 10_000)
    expect(a.isLeader()).toBe(false)
    expect(a.state.lost).toMatch(/could not be renewed/)
    release()
    await settle()
    expect(a.isLeader()).toBe(false)
    await a.stop()
  })

  test('who finds somebody else in the Lease has lost at once', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    await server.mergePatch(leases, lease, { spec: { holderIdentity: 'thief' } })
    await pass(clock, 2_000)
    expect(a.state.lost).toBe('the lease is held by thief')
    await a.stop()
    expect(await read(server)).toMatchObject({ holderIdentity: 'thief' })
  })

  test('a write by somebody else that leaves the holder alone is no loss; nor is a deleted Lease', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const a = contend(server, clock, 'a')
    await settle()
    await server.mergePatch(leases, lease, { metadata: { labels: { x: 'y' } } })
    await pass(clock, 4_000)
    expect(a.isLeader()).toBe(true)
    expect(await server.get(leases, lease)).toMatchObject({ metadata: { labels: { x: 'y' } } })
    await server.delete(leases, lease)
    await pass(clock, 4_000)
    expect(a.isLeader()).toBe(true)
    expect(await read(server)).toMatchObject({ holderIdentity: 'a' })
    await a.stop()
  })

  test('of two that try at the same time one wins', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    const all = ['a', 'b', 'c'].map((identity) => contend(server, clock, identity))
    await settle()
    expect(all.filter((one) => one.isLeader())).toHaveLength(1)
    await pass(clock, 30_000)
    expect(all.filter((one) => one.isLeader())).toHaveLength(1)
    for (const one of all) await one.stop()
  })

  test('who is stopped before is not elected', async () => {
    const server = new MemoryKube()
    const clock = new ManualClock()
    server.failNext('get', kubeError(403, 'Forbidden'))
    const a = contend(server, clock, 'a')
    await settle()
    await a.stop()
    await settle()
    expect(a.state.elected).toBe(false)
    expect(clock.pendingTimers).toBe(0)
  })
})

const anyFault = fc.oneof(
  { weight: 4, arbitrary: fc.constant('none' as const) },
  { weight: 3, arbitrary: fc.constantFrom('get' as const, 'replace' as const, 'create' as const) },
  { weight: 2, arbitrary: fc.constantFrom('lose' as const, 'hold' as const, 'release' as const) },
  { weight: 1, arbitrary: fc.constant('stop' as const) },
)

test('whatever happens, there are never two leaders, and in the end there is one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(anyFault, fc.nat(2)), { maxLength: 60 }), async (steps) => {
      const server = new MemoryKube()
      // Their wall clocks are hours apart.
      const clocks = [0, 1, 2].map((hours) => new ManualClock(1_700_000_000_000 + hours * 3_600_000))
      const contenders = clocks.map((clock, index) => contend(server, clock, `contender-${index}`))
      const releases: (() => void)[] = []
      const leaders = () => contenders.filter((one) => one.isLeader()).length
      const advance = async () => {
        for (const clock of clocks) clock.advance(500)
        await settle(2)
        expect(leaders()).toBeLessThanOrEqual(1)
      }
      for (const [fault, index] of steps) {
        if (fault === 'get' || fault === 'replace' || fault === 'create') server.failNext(fault, unreachable())
        if (fault === 'lose') server.loseNextAnswer(unreachable())
        if (fault === 'hold') releases.push(server.holdNext('replace'))
        if (fault === 'release') releases.shift()?.()
        if (fault === 'stop') void contenders[index]!.stop()
        for (let turn = 0; turn < 4; turn++) await advance()
      }
      for (const release of releases) release()
      contenders.push(contend(server, clocks[0]!, 'last'))
      for (let turn = 0; turn < 100; turn++) await advance()
      expect(leaders()).toBe(1)
      for (const one of contenders) void one.stop()
      await settle()
    }),
    { numRuns: 60 },
  )
})
