// What is concluded from what is to be seen in ZooKeeper, case by case; how long something was waited for is given.
import { describe, expect, test } from '@jest/globals'
import {
  chooseActive,
  conditionsOf,
  electedOf,
  type ElectionView,
  type Patience,
  type SeenMember,
} from '../../../../../broker/lock/election/zookeeper/choose-active.ts'
import { electionLimits } from '../../../../../broker/lock/election/zookeeper/election-limits.ts'

const sessionTimeoutMs = 4000
const enough = 60_000
const patient: Patience = { abandoned: enough, incomplete: enough, silent: enough, vacant: enough }
const hasty: Patience = { abandoned: 0, incomplete: 0, silent: 0, vacant: 0 }

const names = ['a', 'b', 'c', 'd', 'e']
const seen = (member: string, change: Partial<SeenMember> = {}): SeenMember => ({
  id: 'orders',
  member,
  node: `0000000000${names.indexOf(member)}`,
  instance: member,
  address: `${member}:61619`,
  replicas: 3,
  weight: 1,
  position: { term: 1, segment: 1, offset: 100 },
  promised: 1,
  isVoter: true,
  active: null,
  hasSeenActive: true,
  serving: null,
  declined: null,
  contested: null,
  ...change,
})
const at = (offset: number) => ({ position: { term: 1, segment: 1, offset } })
const empty = { position: { term: 0, segment: 0, offset: 0 }, isVoter: false, promised: 0 }

const view = (members: readonly SeenMember[], change: Partial<ElectionView> = {}): ElectionView => ({
  replicas: 3,
  sessionTimeoutMs,
  members,
  election: undefined,
  isFounded: true,
  ...change,
})
const electionOf = (member: string, term = 5) => ({
  election: { term, member, node: seen(member).node, founding: false, attempt: 0 },
})

describe('who is proposed', () => {
  test.each<[string, readonly SeenMember[], string]>([
    ['the most advanced', [seen('a'), seen('b', at(200)), seen('c', at(150))], 'b'],
    ['of equals the heaviest', [seen('a'), seen('b'), seen('c', { weight: 2 })], 'c'],
    ['else the first by name', [seen('b'), seen('a')], 'a'],
    ['nobody without data that counts', [seen('a', { ...at(900), isVoter: false }), seen('b'), seen('c')], 'b'],
    ['whoever has told its position', [seen('a'), seen('b', { position: null }), seen('c')], 'a'],
  ])('%s', (_who, members, expected) => {
    expect(chooseActive(view(members), patient)).toMatchObject({
      kind: 'propose',
      election: { member: expected, founding: false },
      elector: members[0]!.node,
    })
  })

  test('in a term beyond the last one and all promises', () => {
    const members = [seen('a', { promised: 3 }), seen('b', { promised: 41 })]
    expect(chooseActive(view(members, electionOf('c', 7)), patient)).toMatchObject({ election: { term: 42 } })
    expect(chooseActive(view(members, electionOf('c', 77)), patient)).toMatchObject({ election: { term: 78 } })
  })

  test('somebody to found a group only where nobody has anything and nobody was ever answered', () => {
    const members = ['a', 'b', 'c'].map((name) => seen(name, empty))
    const founding = (change: Partial<ElectionView>, of = members) => chooseActive(view(of, change), patient)
    expect(founding({ isFounded: false })).toMatchObject({ kind: 'propose', election: { founding: true } })
    expect(founding({ isFounded: true })).toMatchObject({ kind: 'nobody' })
    expect(founding({ isFounded: false }, [seen('a'), ...members.slice(1)])).toMatchObject({ kind: 'nobody' })
  })

  test('whoever has declined last only when all others do', () => {
    const declined = { declined: { term: 5, hadServed: false, reason: 'its disk is full' } }
    const members = [seen('a', { ...at(200), ...declined }), seen('b')]
    expect(chooseActive(view(members, electionOf('a')), patient)).toMatchObject({
      election: { member: 'b', attempt: 1 },
    })
  })
})

describe('nobody is proposed', () => {
  test('below a quorum', () => {
    expect(chooseActive(view([seen('a')]), patient)).toMatchObject({ reason: expect.stringContaining('1 (a) of 3') })
  })

  test('after a start of all before the rest had the time of a session to come', () => {
    const members = ['a', 'b'].map((name) => seen(name, { hasSeenActive: false }))
    const waited = { ...patient, incomplete: 1000 }
    expect(chooseActive(view(members), waited)).toMatchObject({ kind: 'nobody', againMs: sessionTimeoutMs - 1000 })
  })

  test('while somebody may still tell a position', () => {
    const members = [seen('a'), seen('b'), seen('c', { position: null })]
    expect(conditionsOf(view(members)).silent).toBe(true)
    expect(chooseActive(view(members), hasty)).toMatchObject({ kind: 'nobody', againMs: electionLimits.positionMs })
  })

  test('at once after elections that came to nothing', () => {
    const declined = { declined: { term: 5, hadServed: false, reason: 'c has more' } }
    const { election } = electionOf('a')
    const seenElection = { election: { ...election, attempt: 2 } }
    expect(chooseActive(view([seen('a', declined), seen('b')], seenElection), hasty)).toMatchObject({
      kind: 'nobody',
      againMs: 4 * electionLimits.backoffMs,
    })
  })
})

describe('whoever is elected', () => {
  const serving = seen('a', { serving: 5, active: 'a' })

  test('stays as long as not a quorum of others has stopped to hear it, for a while', () => {
    const members = [serving, seen('b'), seen('c', { active: 'a' })]
    expect(chooseActive(view(members, electionOf('a')), patient)).toMatchObject({ kind: 'keep', member: 'a', term: 5 })
    const deserted = view([serving, seen('b'), seen('c')], electionOf('a'))
    expect(chooseActive(deserted, hasty)).toMatchObject({ kind: 'keep', againMs: electionLimits.abandonedMs })
    expect(chooseActive(deserted, patient)).toMatchObject({ kind: 'propose', election: { member: 'b', term: 6 } })
  })

  test('is elected no more with its node gone, or when it has declined', () => {
    expect(electedOf(view([seen('b')], electionOf('a')))).toBeUndefined()
    const declined = { term: 5, hadServed: true, reason: 'it was closed' }
    expect(electedOf(view([seen('a', { declined })], electionOf('a')))).toBeUndefined()
    expect(electedOf(view([seen('a')], electionOf('a')))).toMatchObject({ member: 'a' })
  })
})
