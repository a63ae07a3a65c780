// One member of a simulated group: the real core, a simulated disk that carries out its operations one by one, and the journal that it writes
// as an active.
import type { Random } from '../../../broker/base/random.ts'
import { comparePlaces, type Place } from '../../../broker/replication/active-log.ts'
import type {
  CoreEvent,
  DiskOperation,
  DurableState,
  ReadRequest,
  ReplicationCore,
} from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'
import { lastPosition, type SegmentRef } from '../../../broker/replication/position.ts'
import { createCore } from '../../../broker/replication/replication-core.ts'
import type { GroupRules } from './group-rules.ts'
import { encodeHeader, recordBytes, SimulatedJournal } from './simulated-journal.ts'
import type { HistoryBook } from './history-book.ts'
import type { SimulatedWires } from './simulated-wires.ts'
import type { Sabotage } from './sabotage.ts'

interface PendingWrite {
  readonly segment: SegmentRef
  readonly offset: number
  readonly bytes: Buffer
  readonly ids: readonly number[]
}

interface WrittenBatch extends Place {
  readonly ids: readonly number[]
}

interface ActiveJournal {
  readonly term: number
  older: SegmentRef[]
  current: SegmentRef
  writing: PendingWrite | undefined
  unconfirmed: WrittenBatch[]
  confirmed: Place
  /** Its records were written anew; it goes when they are confirmed. */
  removing: { readonly number: number; readonly after: Place } | undefined
}

const contactTicks = 12

export class SimulatedMember {
  readonly name: string
  readonly journal = new SimulatedJournal()
  core: ReplicationCore | undefined
  isPaused = false
  /** Its disk was replaced and it has not been a voter since. */
  hasLostDisk = false
  /** So was its last campaign. */
  isFounding = false
  /** Not carried out yet. */
  operations: DiskOperation[] = []
  reads: ReadRequest[] = []
  electedIn: number | undefined
  active: ActiveJournal | undefined
  /** It was active or elected: its process begins anew. */
  isOver = false
  readonly #rules: GroupRules
  readonly #wires: SimulatedWires
  readonly #book: HistoryBook
  readonly #random: Random
  readonly #sabotage: Sabotage
  readonly #nextId: () => number
  readonly #trace: ((line: string) => void) | undefined
  /** What its disk has in truth, where it says that more is done. */
  #keptState: DurableState | undefined
  #asked: ReplicationMessage | undefined
  #lost: string[] = []

  constructor(
    name: string,
    parts: {
      rules: GroupRules
      wires: SimulatedWires
      book: HistoryBook
      random: Random
      sabotage: Sabotage
      nextId: () => number
      trace: ((line: string) => void) | undefined
    },
  ) {
    this.name = name
    this.#rules = parts.rules
    this.#wires = parts.wires
    this.#book = parts.book
    this.#random = parts.random
    this.#sabotage = parts.sabotage
    this.#nextId = parts.nextId
    this.#trace = parts.trace
  }

  get isUp(): boolean {
    return this.core !== undefined && !this.isPaused
  }

  start(): void {
    const { replicas, confirmations, sync } = this.#rules
    const segments = this.journal.recover({ syncs: this.#sabotage.syncsWhatItFinds })
    this.#trace?.(
      `${this.name} starts: ${JSON.stringify(this.journal.state)} ${JSON.stringify(lastPosition(segments))}`,
    )
    this.core = createCore({
      self: this.name,
      replicas,
      confirmations,
      sync,
      durable: this.#sabotage.startsFrom(this.journal.state),
      segments,
      heartbeatTicks: 3,
      contactTicks,
      windowBytes: 120,
      chunkBytes: 40,
    })
  }

  /** Its process ends; what its disk was doing may be done, or begun, or written and not synced. */
  end(): void {
    const done = this.operations.slice(0, Math.floor(this.#random.next() * (this.operations.length + 1)))
    const synced = this.#random.next() < 0.5
    for (const [index, operation] of done.entries())
      this.#apply(
        operation.kind === 'write' && !synced && isOneWrite(done.slice(index))
          ? { ...operation, sync: false }
          : operation,
      )
    const next = this.operations[done.length]
    if (next?.kind === 'write' && this.#random.next() < 0.5) this.#tear(next)
    const writing = this.active?.writing
    if (writing && this.#random.next() < 0.7) this.#tear(writing)
    if (this.#keptState) this.journal.state = this.#keptState
    this.#keptState = undefined
    this.core = undefined
    this.operations = []
    this.reads = []
    this.electedIn = undefined
    this.active = undefined
    this.isOver = false
    this.isPaused = false
    this.#lost = []
  }

  #tear({ segment, offset, bytes }: Pick<PendingWrite, 'segment' | 'offset' | 'bytes'>): void {
    const length = Math.min(bytes.length, Math.floor(this.#random.next() * 1.5 * bytes.length))
    if (length > 0) this.journal.write(segment, offset, bytes.subarray(0, length), false)
  }

  receive(from: string, message: ReplicationMessage): void {
    this.#asked = message
    this.change((core) => core.step(from, message))
    this.#asked = undefined
  }

  /** Its own connection to that one is gone: one that is paused finds out when it goes on. */
  lose(member: string): void {
    if (this.isPaused) this.#lost.push(member)
    else this.change((core) => core.disconnected(member))
  }

  pause(): void {
    this.isPaused = true
  }

  goOn(): void {
    this.isPaused = false
    for (const member of this.#lost.splice(0)) this.change((core) => core.disconnected(member))
  }

  /** Changes its core and carries out what that wants, as far as that happens at once. */
  change(input: (core: ReplicationCore) => void): void {
    if (!this.core || this.isOver) return
    input(this.core)
    const { operations, messages, reads, events } = this.core.takeReady()
    this.operations.push(...operations)
    this.reads.push(...reads)
    for (const { to, message } of messages) {
      if (!['query', 'answer', 'heartbeat', 'heartbeatAnswer'].includes(message.type))
        this.#trace?.(`${this.name} → ${to}: ${JSON.stringify({ ...message, bytes: undefined })}`)
      const answer = this.#asked ? this.#sabotage.answers(this.#asked, message) : message
      this.#wires.send(this.name, to, this.#sabotage.sends(answer))
    }
    for (const event of events) this.#happened(event)
  }

  #happened(event: CoreEvent): void {
    if (event.kind !== 'changed') this.#trace?.(`${this.name}: ${JSON.stringify(event)}`)
    switch (event.kind) {
      case 'elected':
        this.electedIn = event.term
        return
      case 'deposed':
        this.isOver = true
        return
      case 'confirmed':
        if (this.active) this.#confirm(this.active, event)
        return
      case 'disconnect':
        this.cuts.push(event.member)
        return
      // The simulated election listens to nobody.
      case 'defeated':
      case 'changed':
    }
  }

  /** Connections that its core wants cut. */
  readonly cuts: string[] = []

  /** Some of what its disk has to do is done. */
  operate(): boolean {
    if (this.operations.length === 0) return false
    const count = 1 + Math.floor(this.#random.next() * this.operations.length)
    const done = this.operations.splice(0, count)
    for (const operation of done) this.#apply(operation)
    if (this.journal.state.isVoter) this.hasLostDisk = false
    this.change((core) => core.done(done.at(-1)!.id))
    return true
  }

  #apply(operation: DiskOperation): void {
    const { saysDoneEarly, syncs } = this.#sabotage
    if (operation.kind === 'state' && saysDoneEarly)
      this.#keptState = { ...this.journal.state, isVoter: operation.state.isVoter }
    if (operation.kind !== 'write') return this.journal.apply(operation)
    this.#book.copied(this.name, operation.segment, operation.offset, operation.bytes)
    this.journal.apply({ ...operation, sync: operation.sync && syncs })
  }

  read(): boolean {
    const request = this.reads.shift()
    if (!request) return false
    const bytes = this.journal.read(request.segment, request.from, request.to)
    this.change((core) => core.read(request, bytes))
    return true
  }

  /** The next thing that its journal has to do as an active. */
  work(): boolean {
    if (this.isOver) return false
    if (this.electedIn !== undefined && this.operations.length === 0) return this.#open(this.electedIn)
    const { active } = this
    if (!active) return false
    if (active.writing) this.#written(active, active.writing)
    else this.#write(active)
    return true
  }

  #open(term: number): true {
    this.electedIn = undefined
    const older = this.journal.recover({ syncs: false })
    this.#book.opened({ member: this.name, term, ids: this.journal.ids(older) })
    const number = this.journal.largestNumber + 1
    const nowhere = { segment: 0, offset: 0 }
    const current = { number, term, salt: Math.floor(this.#random.next() * 2 ** 32), length: 0 }
    this.active = { term, older, current, writing: undefined, unconfirmed: [], confirmed: nowhere, removing: undefined }
    this.change((core) => core.opened(older))
    this.#append(this.active, encodeHeader(number, term, current.salt, older), [])
    return true
  }

  #write(active: ActiveJournal): void {
    const choice = this.#random.next()
    const { older, current } = active
    if (choice < 0.12 && current.length > 40) {
      active.older = [...older, current]
      const { number, term } = current
      active.current = { number: number + 1, term, salt: Math.floor(this.#random.next() * 2 ** 32), length: 0 }
      this.#append(active, encodeHeader(number + 1, term, active.current.salt, active.older), [])
    } else if (choice < 0.25 && older.length > 2 && !active.removing) {
      const { number } = older[0]!
      const ids = this.journal.idsOf(number)
      this.#append(active, recordsOf(ids, active.term), [])
      active.removing = { number, after: { segment: active.current.number, offset: active.current.length } }
    } else {
      const ids = Array.from({ length: 1 + Math.floor(this.#random.next() * 4) }, this.#nextId)
      this.#append(active, recordsOf(ids, active.term), ids)
    }
  }

  #append(active: ActiveJournal, bytes: Buffer, ids: readonly number[]): void {
    if (bytes.length === 0) return
    const offset = active.current.length
    active.current = { ...active.current, length: offset + bytes.length }
    const segment = active.current
    this.#book.written(segment, bytes)
    active.writing = { segment, offset, bytes, ids }
    this.change((core) => core.appended(segment, offset, bytes))
  }

  #written(active: ActiveJournal, { segment, offset, bytes, ids }: PendingWrite): void {
    this.journal.write(segment, offset, bytes, this.#rules.syncsOwnDisk)
    active.writing = undefined
    active.unconfirmed.push({ segment: segment.number, offset: segment.length, ids })
    this.change((core) => core.written(segment.number, segment.length))
    if (this.active && this.#rules.confirmations === 0) this.#confirm(active, lastPlace(active))
    else if (this.active) this.#confirm(active, active.confirmed)
  }

  /** Other members have everything up to `place`; what is on this disk as well is told to clients. */
  #confirm(active: ActiveJournal, place: Place): void {
    active.confirmed = { segment: place.segment, offset: place.offset }
    this.#book.confirmedUpTo(this.name, active.term, active.confirmed)
    while (active.unconfirmed[0] && comparePlaces(active.unconfirmed[0], place) <= 0)
      for (const id of active.unconfirmed.shift()!.ids) this.#book.confirm(this.name, active.term, id)
    const { removing } = active
    if (!removing || active.writing || comparePlaces(removing.after, place) > 0) return
    active.removing = undefined
    active.older = active.older.filter(({ number }) => number !== removing.number)
    this.journal.remove(removing.number)
    this.change((core) => core.removed([removing.number]))
  }

  /** Whether it counts for a quorum with this record, as the mode wants it; also when it did and its disk was lost since. */
  counts(id: number): boolean {
    const { sync, syncsOwnDisk } = this.#rules
    if (this.hasLostDisk) return true
    const onDisk = this.active ? syncsOwnDisk : sync
    return this.journal.state.isVoter && this.journal.has(id, { onDisk })
  }

  get isQuiet(): boolean {
    return this.operations.length === 0 && this.reads.length === 0 && !this.active?.writing
  }
}

/** What a driver may carry out with a single sync. */
const isOneWrite = (operations: readonly DiskOperation[]): boolean =>
  operations.every(
    (each) => each.kind === 'write' && each.segment.number === (operations[0] as typeof each).segment.number,
  )

const lastPlace = ({ older, current }: ActiveJournal): Place => {
  const { segment, offset } = lastPosition([...older, current])
  return { segment, offset }
}

function recordsOf(ids: readonly number[], term: number): Buffer {
  const bytes = Buffer.alloc(ids.length * recordBytes)
  for (const [index, id] of ids.entries()) {
    bytes.writeUInt32BE(id, index * recordBytes)
    bytes.writeUInt32BE(term, index * recordBytes + 4)
  }
  return bytes
}
