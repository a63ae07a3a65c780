import { expect, test } from '@jest/globals'
import {
  chooseActive,
  type PresentMember,
  type Situation,
} from '../../../../../broker/lock/election/zookeeper/choose-active.ts'

const member = (name: string, fields: Partial<PresentMember> = {}): PresentMember => ({
  node: `0-${name}`,
  member: name,
  address: `${name}:61619`,
  weight: 1,
  declined: 0,
  position: { term: 3, segment: 7, offset: 800 },
  promised: 3,
  isVoter: true,
  active: null,
  ...fields,
})

const situation = (fields: Partial<Situation>): Situation => ({
  members: [member('a'), member('b'), member('c')],
  record: undefined,
  replicas: 3,
  quorum: 2,
  isFounded: true,
  isColdStart: false,
  quorumForMs: 0,
  unfollowedForMs: 0,
  patienceMs: 4000,
  takeoverMs: 500,
  ...fields,
})

const elected = (fields: Partial<Situation>): unknown => {
  const choice = chooseActive(situation(fields))
  return choice.kind === 'elect' ? [choice.record.member, choice.record.term] : choice
}

test('the most advanced is elected, then the one with the largest weight, then the first by name', () => {
  const ahead = member('c', { position: { term: 3, segment: 7, offset: 808 } })
  expect(elected({ members: [member('a'), member('b', { weight: 9 }), ahead] })).toEqual(['c', 4])
  expect(elected({ members: [member('a'), member('b', { weight: 9 })] })).toEqual(['b', 4])
  expect(elected({})).toEqual(['a', 4])
})

test('a term is larger than any that was elected or promised, also when ZooKeeper has forgotten its own', () => {
  const record = { term: 8, member: 'z', node: '0-z' }
  expect(elected({ record })).toEqual(['a', 9])
  expect(elected({ members: [member('a'), member('b', { promised: 12 })] })).toEqual(['a', 13])
})

test('below a quorum nobody is elected', () => {
  expect(elected({ members: [member('b')] })).toEqual({ kind: 'wait', reason: '2 of 3 members are needed, present: b' })
})

test('a member without a whole copy is no candidate, unless there is nothing yet', () => {
  const empty = [member('a', { isVoter: false }), member('b', { isVoter: false })]
  expect(elected({ members: [...empty.slice(1), member('c')] })).toEqual(['c', 4])
  expect(elected({ members: empty })).toEqual({
    kind: 'wait',
    reason: 'no member that is present has a whole copy: a, b',
  })
  expect(elected({ members: empty, isFounded: false })).toEqual(['a', 4])
})

test('after a start of all, those that are not here yet are waited for, for a while', () => {
  const members = [member('a'), member('b')]
  expect(elected({ members, isColdStart: true, quorumForMs: 1000 })).toMatchObject({ kind: 'wait', forMs: 3000 })
  expect(elected({ members, isColdStart: true, quorumForMs: 4000 })).toEqual(['a', 4])
})

test('who was elected stays so, as long as its session lives, it does not decline and others follow it', () => {
  const record = { term: 4, member: 'b', node: '0-b' }
  expect(elected({ record, unfollowedForMs: 400 })).toEqual({ kind: 'keep' })
  expect(elected({ record, unfollowedForMs: 600 })).toEqual(['a', 5])
  expect(elected({ record: { ...record, node: '0-of an earlier session' } })).toEqual(['a', 5])
  const members = [member('a', { declined: 4 }), member('b', { declined: 4 })]
  expect(elected({ record, members })).toEqual(['a', 5])
})
