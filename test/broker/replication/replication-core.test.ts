// The rules of one member, message by message. What they come to in a group, whatever happens, is tried by the model
// (test/reliability/replication-model).
import { describe, expect, test } from '@jest/globals'
import type { CoreEvent, CoreOptions, Ready, ReplicationCore } from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'
import { originPosition, type SegmentRef } from '../../../broker/replication/position.ts'
import { createCore } from '../../../broker/replication/replication-core.ts'

const segment = (number: number, term: number, length: number): SegmentRef => ({ number, term, salt: number, length })
const voter = { promised: 4, candidate: 'b', isVoter: true }

interface Rig {
  readonly core: ReplicationCore
  /** What it says, wants and tells by now; with every operation done. */
  settle(): { sent: [string, ReplicationMessage][]; events: CoreEvent[]; reads: Ready['reads'] }
}

function rig(options: Partial<CoreOptions> = {}): Rig {
  const core = createCore({
    self: 'a',
    replicas: 3,
    durable: voter,
    segments: [segment(1, 1, 100), segment(2, 4, 80)],
    confirmations: 1,
    sync: true,
    heartbeatTicks: 2,
    contactTicks: 10,
    windowBytes: 64,
    chunkBytes: 32,
    ...options,
  })
  return {
    core,
    settle() {
      const sent: [string, ReplicationMessage][] = []
      const events: CoreEvent[] = []
      const reads: Ready['reads'][number][] = []
      for (;;) {
        const ready = core.takeReady()
        sent.push(...ready.messages.map(({ to, message }): [string, ReplicationMessage] => [to, message]))
        events.push(...ready.events.filter(({ kind }) => kind !== 'changed'))
        reads.push(...ready.reads)
        const last = ready.operations.at(-1)
        if (!last) return { sent, events, reads }
        core.done(last.id)
      }
    },
  }
}

const here = { term: 4, segment: 2, offset: 80 }
const request = (term: number, candidate: string, position = here, founding = false): ReplicationMessage => ({
  type: 'promiseRequest',
  term,
  candidate,
  position,
  founding,
})

describe('a promise', () => {
  test('is given for a newer term, once it is durable', () => {
    const { core, settle } = rig()
    core.step('c', request(5, 'c'))
    const ready = core.takeReady()
    expect(ready.messages).toEqual([])
    expect(ready.operations).toEqual([{ kind: 'state', id: 1, state: { promised: 5, candidate: 'c', isVoter: true } }])
    core.done(1)
    expect(settle().sent).toEqual([['c', { type: 'promised', term: 5 }]])
    expect(core.status.promised).toBe(5)
  })

  test('is given to one candidate in a term, who may ask again', () => {
    const { core, settle } = rig()
    core.step('c', request(5, 'c'))
    settle()
    core.step('c', request(5, 'c'))
    core.step('b', request(5, 'b'))
    expect(settle().sent).toEqual([
      ['c', { type: 'promised', term: 5 }],
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
    core.step('c', { type: 'promised', term: 5 })
    expect(settle().events).toEqual([{ kind: 'elected', term: 5 }])
    expect(core.status.role).toBe('Elected')
  })

  test.each([
    ['term', { promised: 7 }, 'c has promised term 7'],
    ['behind', {}, 'c has more than this member'],
  ] as const)('gives up when it is refused: %s', (reason, fields, text) => {
    const { core, settle } = rig()
    core.campaign(5, false)
    settle()
    core.step('c', { type: 'refused', term: 5, promised: 4, reason, position: here, ...fields })
    expect(settle().events).toEqual([{ kind: 'defeated', term: 5, reason: text }])
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
      ['c', { type: 'promised', term: 5 }],
    ])
  })

  test('an active of a newer term is one to follow', () => {
    const { core, settle } = rig()
    core.step('c', { type: 'attach', term: 6 })
    expect(settle().sent).toMatchObject([['c', { type: 'inventory', term: 6 }]])
    expect(core.status).toMatchObject({ promised: 6, active: 'c' })
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
  })
})

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
    core.step('c', { type: 'promised', term: 5 })
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
    expect(sent).toEqual([['c', { type: 'trim', term: 5, cut: [], drop: [2, 9] }]])
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
