// What a member of a replicated store tells of the copies at its admin port.
import { expect, test } from '@jest/globals'
import type { CoreStatus } from '../../../broker/replication/core.ts'
import { replicationReport, type ElectionTrouble } from '../../../broker/replication/report.ts'

const follower: CoreStatus = {
  role: 'Follower',
  promised: 3,
  newestTerm: 3,
  position: { term: 3, segment: 7, offset: 4096 },
  isVoter: true,
  active: 'a',
  inSync: true,
  members: [],
  hasQuorum: false,
}
const progress = { isVoter: true, acknowledged: { segment: 7, offset: 96 } }
const active: CoreStatus = {
  ...follower,
  role: 'Active',
  inSync: true,
  hasQuorum: true,
  members: [
    { ...progress, member: 'b', connected: true, inSync: true, lagBytes: 0 },
    { ...progress, member: 'c', connected: false, inSync: false, lagBytes: 4000 },
  ],
}
const tell = (status: CoreStatus, election?: ElectionTrouble) =>
  replicationReport(status, 3, election, 'ZooKeeperUnreachable')

test('a standby tells whether it could take over, and nothing of others', () => {
  expect(tell(follower)).toEqual({ inSync: true, isVoter: true, quorum: 2, replicas: 3 })
  expect(tell({ ...follower, inSync: false, isVoter: false })).toMatchObject({ inSync: false, isVoter: false })
})

test('one that has everything and does not count yet could not take over: it is not in sync, by itself and by its active', () => {
  expect(tell({ ...follower, isVoter: false })).toMatchObject({ inSync: false, isVoter: false })
  const members = active.members.map((member) => ({ ...member, isVoter: false }))
  expect(tell({ ...active, members }).members).toMatchObject([{ inSync: false }, { inSync: false }])
})

test('an active tells how far each of the others is', () => {
  expect(tell(active)).toEqual({
    inSync: true,
    isVoter: true,
    quorum: 2,
    replicas: 3,
    members: [
      { name: 'b', connected: true, inSync: true, lagBytes: 0 },
      { name: 'c', connected: false, inSync: false, lagBytes: 4000 },
    ],
  })
})

test('an active that hears of no quorum says so before anything else', () => {
  const away: ElectionTrouble = { kind: 'Connecting', reason: 'ECONNREFUSED' }
  expect(tell({ ...active, hasQuorum: false }, away)).toMatchObject({ inSync: false, trouble: { kind: 'QuorumLost' } })
})

test.each<[string, CoreStatus, ElectionTrouble, object | undefined]>([
  [
    'who proposes cannot be reached',
    follower,
    { kind: 'Connecting', reason: 'ECONNREFUSED' },
    { kind: 'ZooKeeperUnreachable', reason: 'ECONNREFUSED' },
  ],
  ['too few are there', follower, { kind: 'Waiting', reason: '1 of 3' }, { kind: 'QuorumLost', reason: '1 of 3' }],
  ['nobody is elected, but a quorum follows it', active, { kind: 'Waiting', reason: '1 of 3' }, undefined],
])('what is amiss when %s', (_what, status, election, trouble) => {
  expect(tell(status, election).trouble).toEqual(trouble)
})
