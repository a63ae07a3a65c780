import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { ObservedMember } from '../../../operator/topology/observed-member.ts'
import { planRolloutStep, type RolloutInput, type RolloutState } from '../../../operator/topology/rollout-step.ts'
import { planScaleStep } from '../../../operator/topology/scale-step.ts'

const member = (ordinal: number, change: Partial<ObservedMember> = {}): ObservedMember => ({
  name: `orders-g0-${ordinal}`,
  ordinal,
  revision: 'old',
  terminating: false,
  ready: true,
  running: true,
  role: 'Standby',
  term: undefined,
  inSync: true,
  failure: undefined,
  ...change,
})
const active = (ordinal: number, change: Partial<ObservedMember> = {}): ObservedMember =>
  member(ordinal, { role: 'Active', term: 1, ...change })
const current = { revision: 'new' }

const step = (members: ObservedMember[], change: Partial<RolloutInput> = {}) =>
  planRolloutStep({
    revision: 'new',
    replicas: members.length,
    hasCopies: false,
    members,
    type: 'RollingUpdate',
    handoverTimeoutMs: 60_000,
    progressDeadlineMs: 600_000,
    previousState: 'Idle',
    sinceProgressMs: 0,
    ...change,
  })

describe('a rollout', () => {
  test('does nothing when all members are current', () => {
    expect(step([active(0, current), member(1, current)])).toEqual({ state: 'Idle', message: '', pending: [] })
  })

  test('restarts standbys one by one from the top', () => {
    expect(step([active(0), member(1), member(2)])).toMatchObject({
      state: 'Standbys',
      delete: { member: 'orders-g0-2', reason: 'StandbyOutdated' },
      pending: ['orders-g0-0', 'orders-g0-1', 'orders-g0-2'],
    })
  })

  test.each([
    ['terminates', member(2, { terminating: true })],
    ['starts', member(2, { ...current, ready: false, role: 'Starting' })],
    ['is not yet ready as standby', member(2, { ...current, ready: false })],
    ['cannot be asked', member(2, { ...current, role: 'Unknown' })],
  ])('waits while a restarted standby %s', (_, third) => {
    const next = step([active(0), member(1), third])
    expect(next.state).toBe('Standbys')
    expect(next.delete).toBeUndefined()
  })

  test('waits for a pod that is missing', () => {
    expect(step([active(0)], { replicas: 2 })).toMatchObject({
      state: 'Standbys',
      message: expect.stringContaining('pods'),
    })
  })

  test('takes a standby that could not take over before one that could', () => {
    expect(step([active(0), member(1, { ready: false, role: 'Starting' }), member(2)])).toMatchObject({
      delete: { member: 'orders-g0-1' },
    })
  })

  test('lets the active hand over when a standby is proven', () => {
    expect(step([active(0), member(1, current)])).toMatchObject({
      state: 'HandingOver',
      delete: { member: 'orders-g0-0', reason: 'HandOver' },
    })
  })

  test('is blocked by a standby that fails with the new revision; the active is not touched', () => {
    const failure = { reason: 'CrashLooping' as const, message: 'exit code 2' }
    const next = step([active(0), member(1, { ...current, ready: false, running: false, role: 'Starting', failure })])
    expect(next).toMatchObject({ state: 'Blocked', pending: ['orders-g0-0'] })
    expect(next.message).toContain('orders-g0-1 does not become a standby: CrashLooping: exit code 2')
    expect(next.delete).toBeUndefined()
  })

  test('replaces what does not run, whatever it is', () => {
    const down = { running: false, ready: false, role: 'Starting' as const }
    expect(step([member(0, down), member(1, down)])).toMatchObject({
      delete: { member: 'orders-g0-0', reason: 'Broken' },
    })
  })

  test('restarts the only member of a group', () => {
    expect(step([active(0)])).toMatchObject({ delete: { member: 'orders-g0-0', reason: 'OnlyMember' } })
  })

  test('touches nobody while nobody says that it is active, until the progress deadline has passed', () => {
    const members = [member(0, { role: 'Starting', ready: false }), member(1, { role: 'Unknown' })]
    expect(step(members)).toMatchObject({ state: 'Blocked', message: 'No member says that it is active' })
    expect(step(members, { sinceProgressMs: 600_001 })).toMatchObject({
      delete: { member: 'orders-g0-0', reason: 'Broken' },
    })
  })

  test('touches nobody while two say that they are active', () => {
    expect(step([active(0), active(1, { term: 2 })])).toMatchObject({ state: 'Blocked' })
  })

  test('waits for a new active until handoverTimeout, then is blocked', () => {
    const members = [member(0, { ...current, role: 'Standby' }), member(1, current)]
    const handing = { previousState: 'HandingOver' as const }
    expect(step(members, { ...handing, sinceProgressMs: 60_000 }).state).toBe('HandingOver')
    expect(step(members, { ...handing, sinceProgressMs: 60_001 })).toMatchObject({
      state: 'Blocked',
      message: expect.stringContaining('handoverTimeout'),
    })
    expect(step([active(0, current), members[1]!], handing).state).toBe('Idle')
  })

  test('with OnDelete deletes nothing', () => {
    const next = step([active(0), member(1)], { type: 'OnDelete' })
    expect(next).toMatchObject({ state: 'AwaitingDelete', pending: ['orders-g0-0', 'orders-g0-1'] })
    expect(next.delete).toBeUndefined()
  })
})

describe('for whatever is seen', () => {
  const anyMember = (ordinal: number) =>
    fc
      .record({
        revision: fc.constantFrom('old', 'new', undefined),
        terminating: fc.boolean(),
        ready: fc.boolean(),
        running: fc.boolean(),
        role: fc.constantFrom('Active', 'Standby', 'Starting', 'Stopping', 'Unknown' as const),
        term: fc.integer({ min: 1, max: 3 }),
        failing: fc.boolean(),
      })
      .map(({ failing, ...rest }): ObservedMember => ({
        ...member(ordinal),
        ...rest,
        failure: failing ? { reason: 'CrashLooping', message: 'x' } : undefined,
      }))
  const anyMembers = fc
    .integer({ min: 1, max: 4 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => anyMember(i))))
  const anyInput = fc.record({
    members: anyMembers,
    previousState: fc.constantFrom<RolloutState>('Idle', 'Standbys', 'HandingOver', 'AwaitingDelete', 'Blocked'),
    sinceProgressMs: fc.constantFrom(0, 60_001, 600_001),
    type: fc.constantFrom('RollingUpdate' as const, 'OnDelete' as const),
  })

  test('an active that serves is deleted only next to a proven, current standby', () => {
    fc.assert(
      fc.property(anyInput, ({ members, ...rest }) => {
        const next = step(members, rest)
        if (!next.delete) return
        const deleted = members.find(({ name }) => name === next.delete!.member)!
        expect(deleted.revision).not.toBe('new')
        if (members.length === 1 || deleted.role !== 'Active' || !deleted.running) return
        const others = members.filter((other) => other !== deleted)
        expect(
          others.some(
            ({ role, ready, terminating, revision }) =>
              role === 'Standby' && ready && !terminating && revision === 'new',
          ),
        ).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  test('nothing is deleted while another member stops, and nothing with OnDelete', () => {
    fc.assert(
      fc.property(anyInput, ({ members, ...rest }) => {
        const next = step(members, rest)
        if (rest.type === 'OnDelete' || members.some(({ terminating }) => terminating))
          expect(next.delete).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('a group never shrinks below what is wanted, by more than one, or by an active without successor', () => {
    fc.assert(
      fc.property(anyMembers, fc.integer({ min: 1, max: 4 }), (members, replicas) => {
        const next = planScaleStep({ replicas, current: members.length, members })
        expect(next.replicas).toBeGreaterThanOrEqual(Math.min(replicas, members.length))
        if (next.replicas >= members.length) return
        expect(next.replicas).toBe(members.length - 1)
        const leaving = members.at(-1)!
        const highest = Math.max(...members.filter(({ role }) => role === 'Active').map(({ term }) => term ?? 0))
        if (leaving.role !== 'Active' || !leaving.running || leaving.term !== highest) return
        if (members.some((other) => other !== leaving && other.role === 'Active' && other.term === highest)) return
        expect(members.some(({ ordinal, role, ready }) => ordinal < replicas && role === 'Standby' && ready)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a rollout in a world where members stop, start and fail over by chance', () => {
  interface Simulated {
    revision: string
    phase: 'gone' | 'starting' | 'standby' | 'active' | 'stopping'
  }

  test('always comes to its end, and never stops an active that nobody can follow', () => {
    const scenario = fc.record({
      count: fc.integer({ min: 2, max: 4 }),
      choices: fc.array(fc.nat(99), { minLength: 400, maxLength: 400 }),
    })
    fc.assert(
      fc.property(scenario, ({ count, choices }) => {
        const members: Simulated[] = Array.from({ length: count }, (_, i) => ({
          revision: 'old',
          phase: i === 0 ? 'active' : 'standby',
        }))
        let next = 0
        const chance = (percent: number) => (choices[next++ % choices.length] ?? 0) < percent
        let previousState: RolloutState = 'Idle'
        for (let round = 0; round < 300; round++) {
          const seen = members.flatMap((simulated, ordinal) =>
            simulated.phase === 'gone' ? [] : [observe(simulated, ordinal)],
          )
          const decision = step(seen, { replicas: count, previousState })
          previousState = decision.state
          if (decision.state === 'Idle' && decision.pending.length === 0) return
          if (decision.delete) {
            const target = members[Number(decision.delete.member.at(-1))]!
            if (target.phase === 'active') {
              const successors = members.filter(
                (other) => other !== target && other.phase === 'standby' && other.revision === 'new',
              )
              expect(successors.length).toBeGreaterThan(0)
            }
            target.phase = 'stopping'
          }
          move(members, chance, round < 150)
        }
        throw new Error(`no end: ${JSON.stringify(members)}`)
      }),
      { numRuns: 300 },
    )
  })

  const observe = ({ revision, phase }: Simulated, ordinal: number): ObservedMember =>
    member(ordinal, {
      revision,
      terminating: phase === 'stopping',
      ready: phase === 'standby' || phase === 'active',
      role:
        phase === 'active'
          ? 'Active'
          : phase === 'standby'
            ? 'Standby'
            : phase === 'stopping'
              ? 'Stopping'
              : 'Starting',
      term: phase === 'active' ? 1 : undefined,
    })

  /** One step of everybody; accidents happen only while `wild`. */
  function move(members: Simulated[], chance: (percent: number) => boolean, wild: boolean): void {
    for (const simulated of members) {
      if (simulated.phase === 'stopping' && chance(60)) simulated.phase = 'gone'
      else if (simulated.phase === 'gone' && chance(60))
        Object.assign(simulated, { phase: 'starting', revision: 'new' })
      else if (simulated.phase === 'starting' && chance(60)) simulated.phase = 'standby'
      else if (wild && (simulated.phase === 'active' || simulated.phase === 'standby') && chance(3))
        simulated.phase = 'starting'
    }
    if (members.some(({ phase }) => phase === 'active')) return
    const heir = members.find(({ phase }) => phase === 'standby')
    if (heir && chance(70)) heir.phase = 'active'
  }
})
