// Whether a member takes a free Lease, case by case.
import { describe, expect, test } from '@jest/globals'
import type { Candidacy } from '../../../../../broker/lock/election/elector.ts'
import { chooseTaker, type TakerView } from '../../../../../broker/lock/election/kubernetes/choose-taker.ts'
import { factsOf } from '../../../../../broker/lock/election/kubernetes/lease-facts.ts'
import { leaseLimits } from '../../../../../broker/lock/election/kubernetes/lease-limits.ts'
import { candidacyAt, emptyCandidacy } from '../../../../contract/elector.ts'

const durationMs = 5000
const facts = { ...factsOf(undefined), term: 5, isFounded: true }

const view = (candidacies: Readonly<Record<string, Candidacy>>, change: Partial<TakerView> = {}): TakerView => ({
  self: 'a',
  replicas: 3,
  candidacies: new Map(Object.entries(candidacies)),
  weightOf: () => 1,
  facts,
  freeMs: 0,
  coldMs: undefined,
  durationMs,
  ...change,
})

describe('a free Lease is taken', () => {
  test('by the most advanced at once, and by each of the others only when all before had their time', () => {
    const candidacies = { a: candidacyAt(200), b: candidacyAt(100), c: candidacyAt(150) }
    expect(chooseTaker(view(candidacies))).toMatchObject({ kind: 'take', term: 6, founding: false })
    expect(chooseTaker(view(candidacies, { self: 'c' }))).toMatchObject({ kind: 'leave', againMs: durationMs })
    expect(chooseTaker(view(candidacies, { self: 'c', freeMs: durationMs }))).toMatchObject({ kind: 'take' })
    expect(chooseTaker(view(candidacies, { self: 'b', freeMs: durationMs }))).toMatchObject({ againMs: durationMs })
  })

  test('of equals by the heaviest, else by the first by name', () => {
    const candidacies = { a: candidacyAt(100), b: candidacyAt(100) }
    expect(chooseTaker(view(candidacies)).kind).toBe('take')
    expect(chooseTaker(view(candidacies, { weightOf: (name) => (name === 'b' ? 2 : 1) })).kind).toBe('leave')
  })

  test('in a term beyond all promises', () => {
    const candidacies = { a: candidacyAt(100), b: { ...candidacyAt(90), promised: 41 } }
    expect(chooseTaker(view(candidacies))).toMatchObject({ term: 42 })
  })

  test('to found a group only where nobody has anything and nobody was ever answered', () => {
    const none = { a: emptyCandidacy, b: emptyCandidacy, c: emptyCandidacy }
    const anew = { facts: { ...facts, isFounded: false } }
    expect(chooseTaker(view(none, anew))).toMatchObject({ kind: 'take', founding: true })
    expect(chooseTaker(view(none))).toMatchObject({ kind: 'leave' })
    expect(chooseTaker(view({ ...none, b: candidacyAt(100) }, anew))).toMatchObject({ kind: 'leave' })
  })
})

describe('a free Lease is left', () => {
  test('below a quorum', () => {
    expect(chooseTaker(view({ a: candidacyAt(100) }))).toMatchObject({
      kind: 'leave',
      reason: expect.stringContaining('1 (a) of 3 members answer'),
    })
  })

  test('where a quorum follows somebody all the same', () => {
    const follows = { ...candidacyAt(100), active: 'b' }
    expect(chooseTaker(view({ a: follows, b: follows }))).toMatchObject({ kind: 'leave', active: 'b' })
    expect(chooseTaker(view({ a: candidacyAt(100), b: follows })).kind).toBe('take')
  })

  test('after a start of all while one of them may still come', () => {
    const candidacies = { a: candidacyAt(100), b: candidacyAt(100) }
    expect(chooseTaker(view(candidacies, { coldMs: 1000 }))).toMatchObject({ kind: 'leave', againMs: 4000 })
    expect(chooseTaker(view(candidacies, { coldMs: durationMs })).kind).toBe('take')
  })

  test('for a while after somebody has declined, who then comes last', () => {
    const candidacies = { a: candidacyAt(200), b: candidacyAt(100) }
    const declined = { facts: { ...facts, declined: { term: 5, member: 'a', attempt: 2 } } }
    expect(chooseTaker(view(candidacies, { ...declined, self: 'b' }))).toMatchObject({
      kind: 'leave',
      againMs: 2 * leaseLimits.backoffMs,
    })
    const later = { ...declined, freeMs: leaseLimits.longestBackoffMs - 1 }
    expect(chooseTaker(view(candidacies, { ...later, self: 'b' })).kind).toBe('take')
    expect(chooseTaker(view(candidacies, later)).kind).toBe('leave')
  })

  test('by a member whose data does not count', () => {
    const lost = { ...candidacyAt(300), isVoter: false }
    expect(chooseTaker(view({ a: lost, b: candidacyAt(100), c: candidacyAt(100) }))).toMatchObject({
      kind: 'leave',
      reason: expect.stringContaining('no data that counts'),
    })
    expect(chooseTaker(view({ a: lost, b: candidacyAt(100) }))).toMatchObject({
      reason: expect.stringContaining('1 of the members that answer'),
    })
  })
})
