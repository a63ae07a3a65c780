import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  type DrainingMember,
  type DrainInput,
  type DrainStep,
  planDrainStep,
} from '../../../operator/topology/drain-step.ts'
import { findActive } from '../../../operator/topology/observed-member.ts'

const to = ['static:(tcp://orders-g0-0:61616)']

const member = (ordinal: number, change: Partial<DrainingMember> = {}): DrainingMember => ({
  name: `orders-g2-${ordinal}`,
  ordinal,
  revision: 'r',
  terminating: false,
  ready: true,
  running: true,
  role: 'Standby',
  term: undefined,
  inSync: true,
  failure: undefined,
  drain: undefined,
  hasRun: true,
  refuses: false,
  ...change,
})
const active = (ordinal: number, change: Partial<DrainingMember> = {}): DrainingMember =>
  member(ordinal, { role: 'Active', term: 1, ...change })
const drains = (messagesRemaining: number, messagesOfSubscriptions = 0, reason: string | null = null) => ({
  drain: { to, messagesRemaining, messagesOfSubscriptions, reason },
})
const pending = { running: false, ready: false, role: 'Starting', hasRun: false } as const

const step = (members: readonly DrainingMember[], change: Partial<DrainInput> = {}): DrainStep =>
  planDrainStep({
    policy: 'Enforce',
    timeoutMs: 60_000,
    startedMs: 1_000,
    nowMs: 2_000,
    to,
    current: members.length,
    members,
    hasBeenActive: true,
    hasStore: true,
    ...change,
  })
const late = { nowMs: 61_000 }

describe('a group that is no longer wanted', () => {
  test('is told to drain, also when somebody else has become active, or when it is to drain elsewhere', () => {
    const tell = { deed: { kind: 'Tell', member: 'orders-g2-1' }, isOverdue: false }
    expect(step([member(0), active(1)])).toEqual(tell)
    expect(step([member(0), active(1, drains(0))], { to: ['static:(tcp://orders-g1-0:61616)'] })).toEqual(tell)
    expect(step([member(0), active(1, drains(0))], { to: [...to, 'static:(tcp://orders-g1-0:61616)'] })).toEqual(tell)
  })

  test('is waited for while it has messages', () => {
    expect(step([active(0, drains(1))])).toEqual({ deed: { kind: 'Wait' }, isOverdue: false })
  })

  test('is removed when its only member is empty', () => {
    expect(step([active(0, drains(0))])).toEqual({ deed: { kind: 'Remove', because: 'Drained' }, isOverdue: false })
  })

  test('shrinks to one member first: a standby would take over while the active stops, and clients would send to it', () => {
    expect(step([active(0, drains(0)), member(1), member(2)]).deed).toEqual({ kind: 'Shrink', replicas: 2 })
    expect(step([active(0, drains(0))], { current: 2 }).deed).toEqual({ kind: 'Shrink', replicas: 1 })
    const stopping = step([active(0, drains(0)), member(1, { terminating: true })], { current: 1 })
    expect(stopping).toMatchObject({
      deed: { kind: 'Wait' },
      hold: { reason: 'It is empty, and waits for orders-g2-1 to stop', isBlocked: false },
    })
  })

  test('whose active is the last member hands over to one that is ready', () => {
    expect(step([member(0), active(1, drains(0))]).deed).toEqual({ kind: 'Shrink', replicas: 1 })
    const unready = step([member(0, { ready: false }), active(1, drains(0))])
    expect(unready).toMatchObject({ deed: { kind: 'Wait' }, hold: { isBlocked: false } })
  })

  test('is removed at once when nobody else of it can take over', () => {
    for (const other of [member(0, pending), member(0, { ready: false, refuses: true })])
      expect(step([other, active(1, drains(0))]).deed).toEqual({ kind: 'Remove', because: 'Drained' })
  })

  test.each([
    ['while nobody of it is active', [member(0)], 'None of its members is active'],
    ['while it cannot be asked', [member(0, { role: 'Unknown' }), member(1)], 'orders-g2-0 cannot be asked'],
    [
      'while it is not known who is active',
      [active(0, drains(0)), active(1, { term: 2, ...drains(0) })],
      'More than one of its members says that it is active',
    ],
    ['while nothing goes out', [active(0, drains(3, 0, 'refused'))], 'orders-g2-0 says: refused'],
  ])('is blocked %s', (_, members, reason) => {
    expect(step(members)).toEqual({
      deed: { kind: 'Wait' },
      hold: { reason, isBlocked: true, needsSomebody: false },
      isOverdue: false,
    })
  })

  test('with messages of durable subscriptions only needs somebody', () => {
    expect(step([active(0, drains(1, 3))])).toEqual({ deed: { kind: 'Wait' }, isOverdue: false })
    expect(step([active(0, drains(0, 3))])).toMatchObject({
      deed: { kind: 'Wait' },
      hold: { reason: expect.stringContaining('BestEffort'), isBlocked: true, needsSomebody: true },
    })
  })

  test('has its time, from when the status says that it began', () => {
    expect(step([active(0, drains(1))], late)).toEqual({ deed: { kind: 'Wait' }, isOverdue: true })
    expect(step([active(0, drains(1))], { ...late, startedMs: undefined })).toMatchObject({ isOverdue: false })
    expect(step([member(0)], late)).toMatchObject({ deed: { kind: 'Wait' }, isOverdue: true })
    expect(step([active(0)], late).deed).toEqual({ kind: 'Tell', member: 'orders-g2-0' })
  })

  test('by best effort is removed when its time is over, and not before', () => {
    const effort = { policy: 'BestEffort' } as const
    expect(step([active(0, drains(1))], effort).deed).toEqual({ kind: 'Wait' })
    expect(step([active(0, drains(0))], effort).deed).toEqual({ kind: 'Remove', because: 'Drained' })
    for (const members of [[active(0, drains(1))], [member(0)], [active(0)], []])
      expect(step(members, { ...effort, ...late }).deed).toEqual({ kind: 'Remove', because: 'TimedOut' })
  })

  test('is removed at once where nobody wants to wait', () => {
    expect(step([active(0)], { policy: 'Skip' }).deed).toEqual({ kind: 'Remove', because: 'Skipped' })
  })

  test('that never had an active has nothing; without a status that says so it may have', () => {
    const never = { hasBeenActive: false }
    for (const members of [[], [member(0, pending)]]) {
      expect(step(members, never).deed).toEqual({ kind: 'Remove', because: 'NothingThere' })
      expect(step(members)).toMatchObject({ deed: { kind: 'Wait' }, hold: { isBlocked: true } })
    }
    expect(step([member(0, { ...pending, hasRun: true })], never).deed).toEqual({ kind: 'Wait' })
    expect(step([member(0)], never).deed).toEqual({ kind: 'Wait' })
  })

  test('without a store has nothing when no member of it runs', () => {
    expect(step([member(0, { ...pending, hasRun: true })], { hasStore: false }).deed).toEqual({
      kind: 'Remove',
      because: 'NothingThere',
    })
    expect(step([member(0, { role: 'Unknown' })], { hasStore: false }).deed).toEqual({ kind: 'Wait' })
  })
})

describe('whatever is seen', () => {
  const members = fc
    .array(
      fc.record({
        role: fc.constantFrom(
          'Active' as const,
          'Standby' as const,
          'Starting' as const,
          'Stopping' as const,
          'Unknown' as const,
        ),
        term: fc.integer({ min: 1, max: 3 }),
        terminating: fc.boolean(),
        ready: fc.boolean(),
        running: fc.boolean(),
        refuses: fc.boolean(),
        drain: fc.option(
          fc.record({
            to: fc.constantFrom(to, ['static:(tcp://orders-g1-0:61616)'], []),
            messagesRemaining: fc.constantFrom(0, 0, 5),
            messagesOfSubscriptions: fc.constantFrom(0, 0, 2),
            reason: fc.constantFrom(null, 'refused'),
          }),
          { nil: undefined },
        ),
      }),
      { maxLength: 4 },
    )
    .map((list) =>
      list.map((one, ordinal) => {
        const running = one.running || one.role === 'Active'
        const told = one.role === 'Active' ? one : { ...one, drain: undefined, term: undefined }
        return member(ordinal, { ...told, running, hasRun: running })
      }),
    )
  const input = fc.record({
    members,
    policy: fc.constantFrom('Enforce' as const, 'BestEffort' as const, 'Skip' as const),
    current: fc.integer({ min: 0, max: 4 }),
    nowMs: fc.integer({ min: 0, max: 200_000 }),
    hasStore: fc.boolean(),
  })

  test('a group goes only when it is empty, with nobody left who could take over, or as the policy says', () => {
    fc.assert(
      fc.property(input, ({ members: seen, ...change }) => {
        const { deed, isOverdue } = step(seen, change)
        if (deed.kind !== 'Remove') return
        const { because } = deed
        if (because === 'Skipped') return expect(change.policy).toBe('Skip')
        if (because === 'TimedOut') return expect([change.policy, isOverdue]).toEqual(['BestEffort', true])
        if (because === 'NothingThere') {
          expect(change.hasStore).toBe(false)
          return expect(seen.filter(({ running }) => running)).toEqual([])
        }
        const last = findActive(seen)!
        expect(last.drain).toMatchObject({ to, messagesRemaining: 0, messagesOfSubscriptions: 0 })
        expect(seen.filter((other) => other !== last && other.running && !other.refuses)).toEqual([])
      }),
    )
  })

  test('only an active is told, and a group shrinks only while its active is empty, never to nobody', () => {
    fc.assert(
      fc.property(input, ({ members: seen, ...change }) => {
        const { deed } = step(seen, change)
        if (deed.kind === 'Tell') expect(deed.member).toBe(findActive(seen)?.name)
        if (deed.kind !== 'Shrink') return
        expect(deed.replicas).toBe(change.current - 1)
        expect(deed.replicas).toBeGreaterThan(0)
        expect(findActive(seen)?.drain).toMatchObject({ messagesRemaining: 0, messagesOfSubscriptions: 0 })
      }),
    )
  })

  test('it is either done something, or said what holds it up, or messages go out', () => {
    fc.assert(
      fc.property(input, ({ members: seen, ...change }) => {
        const { deed, hold } = step(seen, change)
        if (deed.kind === 'Wait' && !hold) expect(findActive(seen)?.drain?.messagesRemaining).toBeGreaterThan(0)
      }),
    )
  })
})
