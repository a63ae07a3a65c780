// The rules of one member, message by message. What they come to in a group, whatever happens, is tried by the model
// (test/reliability/replication-model).
import { describe, expect, test } from '@jest/globals'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'
import { originPosition } from '../../../broker/replication/position.ts'

import { here, promised, request, rig, segment } from './core-rig.ts'

describe('a promise', () => {
  test('is given for a newer term, once it is durable', () => {
    const { core, settle } = rig()
    core.step('c', request(5, 'c'))
    const ready = core.takeReady()
    expect(ready.messages).toEqual([])
    expect(ready.operations).toEqual([{ kind: 'state', id: 1, state: { promised: 5, candidate: 'c', isVoter: true } }])
    core.done(1)
    expect(settle().sent).toEqual([['c', promised(5, 1)]])
    expect(core.status.promised).toBe(5)
  })

  test('is given to one candidate in a term, who may ask again', () => {
    const { core, settle } = rig()
    core.step('c', request(5, 'c'))
    settle()
    core.step('c', { ...request(5, 'c'), round: 2 })
    core.step('b', request(5, 'b'))
    expect(settle().sent).toEqual([
      ['c', promised(5)],
      ['b', { type: 'refused', term: 5, promised: 5, reason: 'term', position: here }],
    ])
  })

  test('is not given to who lacks something, of an older term or of this one', () => {
    const { core, settle } = rig()
    core.step('c', request(5, 'c', { term: 4, segment: 2, offset: 72 }))
    core.step('b', request(6, 'b', { term: 3, segment: 9, offset: 800 }))
    expect(settle().sent.map(([, message]) => message)).toMatchObject([
      { type: 'refused', reason: 'behind' },
      { type: 'refused', reason: 'behind' },
    ])
    expect(core.status.promised).toBe(4)
  })

  test('of a member that was empty is worth nothing, unless there is nothing yet', () => {
    const { core, settle } = rig({ durable: { promised: 0, candidate: null, isVoter: false }, segments: [] })
    core.step('b', request(1, 'b', originPosition))
    core.step('b', request(1, 'b', originPosition, true))
    expect(settle().sent.map(([, message]) => message)).toMatchObject([
      { type: 'refused', reason: 'empty' },
      { type: 'promised', term: 1 },
    ])
  })
})

describe('a candidate', () => {
  test('promises itself the term before it asks, and is elected by a quorum', () => {
    const { core, settle } = rig()
    core.connected('b')
    core.campaign(5, false)
    expect(core.takeReady().messages).toEqual([])
    core.done(1)
    core.connected('c')
    expect(settle().sent).toEqual([
      ['b', request(5, 'a')],
      ['c', request(5, 'a')],
    ])
    core.step('c', promised(5, 1))
    expect(settle().events).toEqual([])
    core.step('c', promised(5))
    expect(settle().events).toEqual([{ kind: 'elected', term: 5 }])
    expect(core.status.role).toBe('Elected')
  })

  // Of five, one promises and loses its disk. It counts again once a quorum of the others has promised nothing newer than what the active
  // has; if one of these promises later, there were three promises, of which none keeps the old active from confirming with the others.
  test('asks once more when it has a quorum: who has promised and lost its disk since does not count', () => {
    const { core, settle } = rig({ replicas: 5 })
    for (const member of ['b', 'c', 'd']) core.connected(member)
    core.campaign(5, false)
    settle()
    core.step('d', promised(5, 1))
    core.disconnected('d')
    core.step('b', promised(5, 1))
    core.connected('d')
    const again = { ...request(5, 'a'), round: 2 as const }
    expect(settle().sent).toEqual([
      ['b', again],
      ['c', again],
      ['d', again],
    ])
    core.step('b', promised(5))
    core.step('d', { type: 'refused', term: 5, promised: 0, reason: 'empty', position: originPosition })
    expect(settle().events).toEqual([])
    core.step('c', promised(5))
    expect(settle().events).toEqual([{ kind: 'elected', term: 5 }])
  })

  test('gives up when somebody has promised a newer term, and tells which one, so that the next proposal is beyond it', () => {
    const { core, settle } = rig()
    core.campaign(5, false)
    settle()
    core.step('c', { type: 'refused', term: 5, promised: 7, reason: 'term', position: here })
    expect(settle().events).toEqual([{ kind: 'defeated', term: 5, reason: 'c has promised term 7' }])
    expect(core.status).toMatchObject({ promised: 5, newestTerm: 7 })
  })

  // The one that has more may be out of the election's reach: it would keep all others from being elected, one after the other.
  test('is elected by a quorum although somebody else has more', () => {
    const { core, settle } = rig()
    for (const member of ['b', 'c']) core.connected(member)
    core.campaign(5, false)
    settle()
    core.step('c', { type: 'refused', term: 5, promised: 4, reason: 'behind', position: here })
    expect(settle().events).toEqual([])
    core.step('b', promised(5, 1))
    core.step('b', promised(5))
    expect(settle().events).toEqual([{ kind: 'elected', term: 5 }])
  })

  test('makes way at once for one that has more, when nobody else is there to elect it', () => {
    const { core, settle } = rig()
    core.connected('b')
    core.campaign(5, false)
    settle()
    core.step('b', { type: 'refused', term: 5, promised: 4, reason: 'behind', position: here })
    expect(settle().events).toEqual([{ kind: 'defeated', term: 5, reason: 'b has more than this member' }])
  })

  test('waits for others only for a moment when somebody has more', () => {
    const { core, settle } = rig({ heartbeatTicks: 2, contactTicks: 10 })
    for (const member of ['b', 'c']) core.connected(member)
    core.campaign(5, false)
    core.step('b', { type: 'refused', term: 5, promised: 4, reason: 'behind', position: here })
    core.tick()
    expect(settle().events).toEqual([])
    core.tick()
    expect(settle().events).toMatchObject([{ kind: 'defeated', term: 5 }])
  })

  test('does not found a group anew with a journal that does not count', () => {
    const { core, settle } = rig({ durable: { promised: 4, candidate: null, isVoter: false } })
    core.campaign(5, true)
    expect(settle().events).toMatchObject([{ kind: 'defeated', term: 5 }])
  })

  test('does not wait for ever, and does not campaign for what was promised', () => {
    const { core, settle } = rig()
    core.campaign(5, false)
    settle()
    for (let tick = 0; tick < 10; tick++) core.tick()
    core.campaign(5, false)
    expect(settle().events).toEqual([
      { kind: 'defeated', term: 5, reason: '1 of 2 promises were there in time' },
      { kind: 'defeated', term: 5, reason: 'term 5 was promised' },
    ])
  })
})

describe('a member that follows', () => {
  const write = (offset: number, length: number): ReplicationMessage => ({
    type: 'write',
    term: 4,
    segment: segment(2, 4, offset + length),
    offset,
    bytes: Buffer.alloc(length),
    sync: true,
  })

  test('tells what it has, takes what goes on there, and acknowledges it once for several', () => {
    const { core, settle } = rig()
    core.step('b', { type: 'attach', term: 4 })
    const { segments } = { segments: [segment(1, 1, 100), segment(2, 4, 80)] }
    expect(settle().sent).toEqual([['b', { type: 'inventory', term: 4, segments, isVoter: true }]])
    core.step('b', write(80, 8))
    core.step('b', write(88, 16))
    expect(settle().sent).toEqual([['b', { type: 'acknowledged', term: 4, segment: 2, offset: 104 }]])
    expect(core.status).toMatchObject({ active: 'b', position: { term: 4, segment: 2, offset: 104 } })
  })

  test('takes nothing that does not go on where it ends', () => {
    const { core, settle } = rig()
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.step('b', write(96, 8))
    expect(settle().events).toEqual([
      { kind: 'disconnect', member: 'b', reason: 'a write at 96 of segment 2 does not go on at its end, 80' },
    ])
    core.step('b', write(80, 8))
    expect(settle().events).toMatchObject([{ kind: 'disconnect', member: 'b' }])
  })

  test('refuses whatever is said for an older term, and does not acknowledge what it took before', () => {
    const { core, settle } = rig()
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.step('b', write(80, 8))
    core.step('c', request(5, 'c', { term: 4, segment: 2, offset: 88 }))
    core.step('b', write(88, 8))
    expect(settle().sent).toEqual([
      ['b', { type: 'refused', term: 4, promised: 5, reason: 'term', position: { term: 4, segment: 2, offset: 88 } }],
      ['c', promised(5, 1)],
    ])
  })

  test('takes no segment of a term that is to come, and no more than any active sends at once', () => {
    const { core, settle } = rig()
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.step('b', { ...write(0, 8), segment: segment(3, 5, 8) } as ReplicationMessage)
    expect(settle().events).toEqual([
      { kind: 'disconnect', member: 'b', reason: 'segment 3 is of term 5, which is to come' },
    ])
    core.step('b', { type: 'attach', term: 4 })
    settle()
    for (let offset = 80; offset < 80 + 768; offset += 32) core.step('b', write(offset, 32))
    expect(core.status.active).toBe('b')
    core.step('b', write(80 + 768, 32))
    expect(settle().events).toEqual([
      { kind: 'disconnect', member: 'b', reason: 'more than 768 bytes came before those before were acknowledged' },
    ])
    expect(core.status.active).toBeNull()
  })

  test('does not acknowledge to a new connection what came over the one before', () => {
    const { core, settle } = rig()
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.step('b', write(80, 8))
    core.step('b', { type: 'attach', term: 4 })
    // What was accepted counts once it is on the disk, and is told as inventory.
    expect(core.takeReady().messages).toEqual([])
    core.done(1)
    const segments = [segment(1, 1, 100), segment(2, 4, 88)]
    expect(settle().sent).toEqual([['b', { type: 'inventory', term: 4, segments, isVoter: true }]])
  })

  test('an active of a newer term is one to follow', () => {
    const { core, settle } = rig()
    core.step('c', { type: 'attach', term: 6 })
    expect(settle().sent).toMatchObject([['c', { type: 'inventory', term: 6 }]])
    expect(core.status).toMatchObject({ promised: 6, active: 'c' })
  })

  test('so is one of the same term, whoever that was promised to: a quorum has elected it', () => {
    for (const candidate of ['c', null]) {
      const { core, settle } = rig({ durable: { promised: 4, candidate, isVoter: false } })
      core.step('b', { type: 'attach', term: 4 })
      const ready = core.takeReady()
      expect(ready.operations).toMatchObject([
        { kind: 'state', state: { promised: 4, candidate: 'b', isVoter: false } },
      ])
      core.done(1)
      expect(settle().sent).toMatchObject([['b', { type: 'inventory', term: 4 }]])
      core.step('c', request(4, 'c'))
      expect(settle().sent).toMatchObject([['c', { type: 'refused', term: 4, promised: 4, reason: 'term' }]])
    }
  })

  test('takes the active for gone when the way to it is cut, or it is silent', () => {
    const { core, settle } = rig()
    core.connected('b')
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.disconnected('b')
    expect(core.status.active).toBeNull()
    core.step('b', { type: 'heartbeat', term: 4, inSync: true })
    expect(core.status).toMatchObject({ active: 'b', inSync: true })
    for (let tick = 0; tick < 10; tick++) core.tick()
    expect(core.status.active).toBeNull()
  })

  test('one that was empty counts when it is in sync and a quorum of others has promised nothing newer', () => {
    const { core, settle } = rig({ durable: { promised: 4, candidate: 'b', isVoter: false } })
    core.connected('b')
    core.connected('c')
    core.step('b', { type: 'attach', term: 4 })
    core.step('b', { type: 'heartbeat', term: 4, inSync: false })
    settle()
    core.step('b', { type: 'heartbeat', term: 4, inSync: true })
    expect(settle().sent).toEqual([
      ['b', { type: 'heartbeatAnswer', term: 4, isVoter: false }],
      ['b', { type: 'query' }],
      ['c', { type: 'query' }],
    ])
    const answer = { type: 'answer', promised: 4, position: here, isVoter: true, active: 'b' } as const
    core.step('b', answer)
    settle()
    expect(core.status.isVoter).toBe(false)
    core.step('c', answer)
    settle()
    expect(core.status.isVoter).toBe(true)
  })

  test('one that was empty, and hears of a newer promise, follows the old active no longer', () => {
    const { core, settle } = rig({ durable: { promised: 4, candidate: 'b', isVoter: false } })
    core.step('b', { type: 'attach', term: 4 })
    settle()
    core.step('c', { type: 'answer', promised: 5, position: here, isVoter: true, active: null })
    core.step('b', { type: 'heartbeat', term: 4, inSync: true })
    expect(settle().sent).toMatchObject([['b', { type: 'refused', promised: 5 }]])
    // The term is promised to nobody: its active, of whom it has only heard, is one to follow, a candidate is not.
    core.step('b', request(5, 'b', here, true))
    core.step('c', { type: 'attach', term: 5 })
    expect(settle().sent).toMatchObject([
      ['b', { type: 'refused', reason: 'term' }],
      ['c', { type: 'inventory', term: 5, isVoter: false }],
    ])
    expect(core.status).toMatchObject({ promised: 5, active: 'c', isVoter: false })
  })
})
