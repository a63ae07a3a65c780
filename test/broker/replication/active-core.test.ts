// The rules of an active, message by message; those of the other members: replication-core.test.ts.
import { describe, expect, test } from '@jest/globals'
import type { CoreOptions } from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'
import { type SegmentRef } from '../../../broker/replication/position.ts'

import { here, promised, request, rig, segment, type Rig } from './core-rig.ts'

describe('an active', () => {
  const own = segment(3, 5, 64)

  /** Elected to term 5 by c, its journal open with segment 3. */
  function active(options: Partial<CoreOptions> = {}): Rig {
    const made = rig(options)
    const { core, settle } = made
    core.connected('b')
    core.connected('c')
    core.campaign(5, false)
    settle()
    core.step('c', promised(5))
    core.opened([segment(1, 1, 100), segment(2, 4, 80)])
    settle()
    return made
  }

  const inventory = (segments: readonly SegmentRef[], isVoter = true): ReplicationMessage => ({
    type: 'inventory',
    term: 5,
    segments,
    isVoter,
  })

  test('sends what begins to be written to who has the rest, and confirms what enough have', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    core.appended(own, 0, Buffer.alloc(64))
    expect(settle().sent).toMatchObject([
      ['b', { type: 'write', segment: { number: 3, length: 32 }, offset: 0 }],
      ['b', { type: 'write', segment: { number: 3, length: 64 }, offset: 32 }],
    ])
    core.step('b', { type: 'acknowledged', term: 5, segment: 3, offset: 64 })
    expect(settle().events).toEqual([{ kind: 'confirmed', segment: 3, offset: 64 }])
  })

  test('trims who has something else, and reads for who lacks something, within the window', () => {
    const { core, settle } = active()
    core.step('c', inventory([segment(1, 1, 100), segment(2, 3, 40), segment(9, 4, 40)]))
    const { sent, reads } = settle()
    expect(sent).toEqual([['c', { type: 'trim', term: 5, cut: [], drop: [9, 2] }]])
    expect(reads).toEqual([{ member: 'c', segment: 2, from: 0, to: 32 }])
    core.read(reads[0]!, Buffer.alloc(32))
    const next = settle()
    core.read(next.reads[0]!, Buffer.alloc(32))
    // The window is full: nothing more until something is acknowledged.
    expect(settle().reads).toEqual([])
    core.step('c', { type: 'acknowledged', term: 5, segment: 2, offset: 32 })
    expect(settle().reads).toEqual([{ member: 'c', segment: 2, from: 64, to: 80 }])
  })

  test('does not count who is no voter', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)], false))
    core.appended(own, 0, Buffer.alloc(64))
    core.step('b', { type: 'acknowledged', term: 5, segment: 3, offset: 64 })
    expect(settle().events).toEqual([])
    core.step('b', { type: 'heartbeatAnswer', term: 5, isVoter: true })
    expect(settle().events).toEqual([{ kind: 'confirmed', segment: 3, offset: 64 }])
  })

  test('confirms nothing of older terms by itself', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    core.step('c', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    expect(settle().events).toEqual([])
  })

  test('is none any more when a newer term was promised, or a quorum is silent', () => {
    const elected = active()
    elected.core.step('b', { type: 'refused', term: 5, promised: 5, reason: 'term', position: here })
    expect(elected.settle().events).toEqual([])
    const refused = active()
    refused.core.step('b', { type: 'refused', term: 5, promised: 6, reason: 'term', position: here })
    expect(refused.settle().events).toEqual([{ kind: 'deposed', term: 5, reason: 'b has promised term 6' }])
    const silent = active()
    for (let tick = 0; tick < 10; tick++) silent.core.tick()
    expect(silent.settle().events).toContainEqual({
      kind: 'deposed',
      term: 5,
      reason: 'too few members were heard of for too long',
    })
  })

  // A process that was stopped reads what lies in its buffers before it learns how late it is: all the ticks that it has missed come after that.
  test('takes no answer from before a pause for one that came after it', () => {
    const { core, settle } = active({ contactTicks: 10 })
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    core.step('b', { type: 'heartbeatAnswer', term: 5, isVoter: true })
    expect(core.status.hasQuorum).toBe(true)
    for (let tick = 0; tick < 10; tick++) core.tick()
    expect(settle().events.at(-1)).toMatchObject({ kind: 'deposed', term: 5 })
  })

  test('stays active while a connection is made again to who was heard of lately, and no longer', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    for (let tick = 0; tick < 10; tick++) {
      core.tick()
      core.step('b', { type: 'heartbeatAnswer', term: 5, isVoter: true })
    }
    core.disconnected('b')
    core.connected('b')
    core.tick()
    expect(core.status).toMatchObject({ role: 'Active', hasQuorum: true })
    // A connection alone is no sign of life.
    for (let tick = 0; tick < 9; tick++) {
      core.disconnected('b')
      core.connected('b')
      core.tick()
    }
    expect(settle().events).toContainEqual(expect.objectContaining({ kind: 'deposed', term: 5 }))
  })

  test('is a member again only as a new core: what its journal has by then is not known to this one', () => {
    const { core, settle } = active()
    core.step('c', { type: 'attach', term: 6 })
    expect(settle()).toMatchObject({
      sent: [],
      events: [{ kind: 'deposed', term: 5, reason: 'c is active in term 6' }],
    })
    core.step('b', request(7, 'b'))
    core.campaign(8, false)
    expect(settle()).toMatchObject({ sent: [], events: [{ kind: 'defeated', term: 8 }] })
  })

  test('sends from memory what begins to be written while the rest is read', () => {
    const { core, settle } = active()
    core.appended(own, 0, Buffer.alloc(64))
    core.written(3, 64)
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80), segment(3, 5, 32)]))
    const { reads } = settle()
    expect(reads).toEqual([])
    core.step('b', { type: 'acknowledged', term: 5, segment: 3, offset: 64 })
    core.step('c', inventory([segment(1, 1, 100), segment(2, 4, 64)]))
    const [read] = settle().reads
    expect(read).toEqual({ member: 'c', segment: 2, from: 64, to: 80 })
    core.appended(segment(3, 5, 72), 64, Buffer.alloc(8))
    core.read(read!, Buffer.alloc(16))
    // Of segment 3 what was written before has to be read; what is being written goes to b at once.
    const next = settle()
    expect(next.reads).toEqual([{ member: 'c', segment: 3, from: 0, to: 32 }])
    expect(next.sent.at(-2)).toMatchObject(['b', { type: 'write', offset: 64 }])
    expect(next.sent.at(-1)).toMatchObject(['c', { type: 'write', segment: { number: 2 }, offset: 64 }])
  })

  test('a member that has read up to the write that is under way gets that from memory', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 64)]))
    const [read] = settle().reads
    core.appended(own, 0, Buffer.alloc(16))
    core.read(read!, Buffer.alloc(16))
    expect(settle()).toMatchObject({
      reads: [],
      sent: [
        ['b', { segment: { number: 2 }, offset: 64 }],
        ['b', { segment: { number: 3 }, offset: 0 }],
      ],
    })
  })

  test('asks again, at the next heartbeat, for what could not be read', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 64)]))
    const [read] = settle().reads
    core.read(read!, undefined)
    expect(settle().reads).toEqual([])
    core.tick()
    core.tick()
    expect(settle().reads).toEqual([read])
  })

  test('goes on behind a segment that is removed while it is read', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(2, 4, 80)]))
    const [read] = settle().reads
    expect(read).toMatchObject({ segment: 1, from: 0 })
    core.removed([1])
    core.read(read!, undefined)
    core.appended(own, 0, Buffer.alloc(16))
    expect(settle().sent).toMatchObject([
      ['b', { type: 'remove', segments: [1] }],
      ['b', { type: 'write', segment: { number: 3 }, offset: 0 }],
    ])
  })

  test('removes what it has removed from a member that has everything', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    core.removed([1])
    expect(settle().sent).toEqual([['b', { type: 'remove', term: 5, segments: [1] }]])
  })

  test('cuts the connection with who answers what was not asked', () => {
    const { core, settle } = active()
    core.step('b', inventory([segment(1, 1, 100), segment(2, 4, 80)]))
    core.step('b', { type: 'acknowledged', term: 5, segment: 3, offset: 999 })
    expect(settle().events).toEqual([
      { kind: 'disconnect', member: 'b', reason: 'acknowledged answers nothing that was sent' },
    ])
  })
})
