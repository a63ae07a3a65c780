// What an active sends to one member, as a whole; message by message: active-core.test.ts.
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { DiskOperation, ReadRequest, ReplicationCore } from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'
import type { SegmentRef } from '../../../broker/replication/position.ts'
import { promised, rig, segment } from './core-rig.ts'

/** Files of a member: what is in a segment follows from its number, its term and the place. */
class Files {
  readonly segments = new Map<number, { ref: SegmentRef; bytes: Buffer }>()

  constructor(segments: readonly SegmentRef[]) {
    for (const ref of segments) this.segments.set(ref.number, { ref, bytes: contentOf(ref, 0, ref.length) })
  }

  get refs(): SegmentRef[] {
    return [...this.segments.values()].map(({ ref }) => ref).sort((a, b) => a.number - b.number)
  }

  perform(operation: DiskOperation): void {
    if (operation.kind === 'trim') {
      for (const number of operation.drop) this.segments.delete(number)
      for (const { number, length } of operation.cut) this.#shorten(number, length)
    } else if (operation.kind === 'remove') for (const number of operation.segments) this.segments.delete(number)
    else if (operation.kind === 'write') {
      const { segment: ref, offset, bytes } = operation
      const there = this.segments.get(ref.number)?.bytes ?? Buffer.alloc(0)
      expect(there.length).toBe(offset)
      this.segments.set(ref.number, { ref, bytes: Buffer.concat([there, bytes]) })
    }
  }

  #shorten(number: number, length: number): void {
    const { ref, bytes } = this.segments.get(number)!
    this.segments.set(number, { ref: { ...ref, length }, bytes: bytes.subarray(0, length) })
  }
}

const contentOf = ({ number, term }: SegmentRef, from: number, to: number): Buffer =>
  Buffer.from(Array.from({ length: to - from }, (_, at) => (number * 31 + term * 7 + from + at) % 251))

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('deliver' as const) },
    { weight: 3, arbitrary: fc.constant('disk' as const) },
    { weight: 3, arbitrary: fc.constant('append' as const) },
    { weight: 3, arbitrary: fc.constant('written' as const) },
    { weight: 3, arbitrary: fc.constant('read' as const) },
    ...(['roll', 'remove', 'reconnect', 'tick'] as const).map((step) => ({ weight: 1, arbitrary: fc.constant(step) })),
  ),
  { minLength: 10, maxLength: 120 },
)

/** What b had: as much as a of some segments, others of its own under other numbers of them and behind. */
const histories = fc.array(fc.constantFrom('same', 'shorter', 'longer', 'other', 'missing'), {
  minLength: 4,
  maxLength: 4,
})

test('whatever a member had, and however it comes, in the end it has exactly what the active has', () => {
  fc.assert(
    fc.property(histories, steps, (history, taken) => {
      const group = new Pair(history)
      for (const step of taken) group.take(step)
      group.settle()
      expect(group.there.refs).toEqual(group.own.refs)
      for (const [number, { bytes }] of group.own.segments)
        expect(group.there.segments.get(number)!.bytes).toEqual(bytes)
    }),
    { numRuns: 300 },
  )
})

/** Member a, elected by c. */
function electedToTerm5(segments: readonly SegmentRef[]): ReplicationCore {
  const { core, settle } = rig({ segments })
  core.connected('c')
  core.campaign(5, false)
  settle()
  core.step('c', promised(5))
  core.opened(segments)
  settle()
  return core
}

/** An active a and its member b, with wires that keep the order and disks that take their time. */
class Pair {
  readonly own = new Files([segment(1, 1, 100), segment(2, 4, 80)])
  readonly there: Files
  readonly #active = electedToTerm5(this.own.refs)
  readonly #member
  #isReached = false
  #toMember: ReplicationMessage[] = []
  #toActive: ReplicationMessage[] = []
  #reads: ReadRequest[] = []
  #operations: DiskOperation[] = []
  #current: SegmentRef = segment(3, 5, 0)
  #written: SegmentRef | undefined

  constructor(history: readonly string[]) {
    const base = [segment(1, 1, 100), segment(2, 4, 80), segment(3, 0, 40), segment(4, 0, 16)]
    const lengths: Readonly<Record<string, number>> = { shorter: -24, longer: 24 }
    const kept = base
      .map((ref, at) => ({ ref, kind: history[at]! }))
      .filter(({ kind }) => kind !== 'missing')
      .map(({ ref, kind }) =>
        kind === 'other'
          ? { ...ref, term: 3, salt: 77 }
          : { ...ref, length: Math.max(8, ref.length + (lengths[kind] ?? 0)) },
      )
    this.there = new Files(kept)
    const durable = { promised: 4, candidate: 'c', isVoter: true }
    this.#member = rig({ self: 'b', durable, segments: kept }).core
    this.#reconnect()
    this.#append()
  }

  take(step: 'deliver' | 'disk' | 'append' | 'written' | 'read' | 'roll' | 'remove' | 'reconnect' | 'tick'): void {
    if (step === 'deliver') this.#deliver()
    else if (step === 'disk') this.#perform()
    else if (step === 'append') this.#append()
    else if (step === 'written') this.#write()
    else if (step === 'read') this.#read()
    else if (step === 'roll') this.#roll()
    else if (step === 'remove') this.#remove()
    else if (step === 'reconnect') this.#reconnect()
    else this.#active.tick()
    this.#gather()
  }

  settle(): void {
    this.#write()
    this.#gather()
    while (this.#toMember.length + this.#toActive.length + this.#reads.length + this.#operations.length > 0)
      for (const step of ['deliver', 'disk', 'read'] as const) this.take(step)
  }

  #gather(): void {
    const fromActive = this.#active.takeReady()
    this.#toMember.push(...fromActive.messages.filter(({ to }) => to === 'b').map(({ message }) => message))
    this.#reads.push(...fromActive.reads.filter(({ member }) => member === 'b'))
    const fromMember = this.#member.takeReady()
    // What the member says before the new connection has reached it goes to the old one.
    if (this.#isReached) this.#toActive.push(...fromMember.messages.map(({ message }) => message))
    this.#operations.push(...fromMember.operations)
    const cut = [...fromActive.events, ...fromMember.events].filter(({ kind }) => kind === 'disconnect')
    expect(cut).toEqual([])
  }

  #deliver(): void {
    const [down, up] = [this.#toMember.shift(), this.#toActive.shift()]
    if (down) this.#isReached = true
    if (down) this.#member.step('a', down)
    if (up) this.#active.step('b', up)
  }

  #perform(): void {
    const operation = this.#operations.shift()
    if (!operation) return
    this.there.perform(operation)
    this.#member.done(operation.id)
  }

  /** The next write begins when the one before is on the disk. */
  #append(): void {
    this.#write()
    const offset = this.#current.length
    this.#current = { ...this.#current, length: offset + 40 }
    this.#written = this.#current
    this.#active.appended(this.#current, offset, contentOf(this.#current, offset, offset + 40))
  }

  #write(): void {
    const ref = this.#written
    if (!ref) return
    this.#written = undefined
    this.own.segments.set(ref.number, { ref, bytes: contentOf(ref, 0, ref.length) })
    this.#active.written(ref.number, ref.length)
  }

  #read(): void {
    const request = this.#reads.shift()
    if (!request) return
    this.#active.read(request, this.own.segments.get(request.segment)?.bytes.subarray(request.from, request.to))
  }

  #roll(): void {
    this.#write()
    this.#current = segment(this.#current.number + 1, 5, 0)
    this.#append()
  }

  #remove(): void {
    const [oldest] = this.own.refs
    if (!oldest || oldest.number === this.#current.number) return
    this.own.segments.delete(oldest.number)
    this.#active.removed([oldest.number])
  }

  /** What was on its way is lost. */
  #reconnect(): void {
    this.#active.disconnected('b')
    this.#gather()
    this.#toMember = []
    this.#toActive = []
    this.#isReached = false
    this.#active.connected('b')
  }
}
