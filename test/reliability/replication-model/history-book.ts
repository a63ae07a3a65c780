// What must hold in a replicated group whatever happens: told of each write to a segment, each opening of a journal and each confirmation, it
// throws at the first that is not allowed.
//
//   - one member at most opens its journal in a term; how far it is confirmed there never shrinks
//   - a segment has the same bytes wherever it is
//   - with a quorum: what is confirmed to a client is with as many members, on their disks where the mode says so; what was confirmed to a client in a term is in the journal that any member opens in a later term, whether that was
//     opened before or after the confirmation
//   - without one: what a member has confirmed alone is there when it is the next to open its journal again
//
// Where a mode promises less, the model says what is forgiven.
import { comparePlaces, type Place } from '../../../broker/replication/active-log.ts'
import type { SegmentRef } from '../../../broker/replication/position.ts'
import { Violation } from '../queue-book.ts'

interface Opening {
  readonly member: string
  readonly term: number
  readonly ids: ReadonlySet<number>
}

interface Confirmed {
  readonly member: string
  readonly id: number
  readonly term: number
}

export class HistoryBook {
  confirmed = 0
  readonly #waitsForQuorum: boolean
  readonly #quorum: number
  /** How many members have a record. */
  readonly #copies: (id: number) => number
  readonly #openings: Opening[] = []
  readonly #written = new Map<string, Buffer>()
  readonly #places = new Map<number, Place>()
  #confirmed: Confirmed[] = []
  #forgivenUpTo = 0

  constructor(options: { waitsForQuorum: boolean; quorum: number; copies: (id: number) => number }) {
    this.#quorum = options.quorum
    this.#copies = options.copies
    this.#waitsForQuorum = options.waitsForQuorum
  }

  get hasServed(): boolean {
    return this.confirmed > 0
  }

  get openings(): number {
    return this.#openings.length
  }

  /** An active makes, or goes on with, a segment of its own. */
  written({ number, term, salt }: SegmentRef, bytes: Buffer): void {
    const key = `${number} ${term} ${salt}`
    this.#written.set(key, Buffer.concat([this.#written.get(key) ?? Buffer.alloc(0), bytes]))
  }

  copied(member: string, { number, term, salt }: SegmentRef, offset: number, bytes: Buffer): void {
    const original = this.#written.get(`${number} ${term} ${salt}`)
    if (!original?.subarray(offset, offset + bytes.length).equals(bytes))
      throw new Violation(`${member} has other bytes at ${offset} of segment ${number} than the active of term ${term}`)
  }

  opened(opening: Opening): void {
    const { member, term, ids } = opening
    const other = this.#openings.find((earlier) => earlier.term === term)
    if (other) throw new Violation(`${member} opens its journal in term ${term}, in which ${other.member} has`)
    this.#openings.push(opening)
    for (const record of this.#confirmed)
      if (this.#isDue(record, member, term) && !ids.has(record.id))
        throw new Violation(
          `${member} opens term ${term} without record ${record.id}, confirmed in term ${record.term} by ${record.member}`,
        )
  }

  confirmedUpTo(member: string, term: number, place: Place): void {
    const before = this.#places.get(term)
    if (before && comparePlaces(place, before) < 0)
      throw new Violation(
        `${member} has confirmed less of term ${term} than before: ${JSON.stringify([before, place])}`,
      )
    this.#places.set(term, place)
  }

  confirm(member: string, term: number, id: number): void {
    this.confirmed++
    if (id <= this.#forgivenUpTo) return
    this.#confirmed.push({ member, id, term })
    if (!this.#waitsForQuorum) return
    const copies = this.#copies(id)
    if (copies < this.#quorum)
      throw new Violation(`${member} confirms record ${id} in term ${term}, which ${copies} have, not ${this.#quorum}`)
    for (const opening of this.#openings)
      if (opening.term > term && !opening.ids.has(id))
        throw new Violation(
          `${member} confirms record ${id} in term ${term}, which ${opening.member} has opened term ${opening.term} without`,
        )
  }

  /** At the end: what the group has. */
  rests(member: string, term: number, ids: ReadonlySet<number>): void {
    for (const record of this.#confirmed)
      if ((record.term === term || this.#isDue(record, member, term)) && !ids.has(record.id))
        throw new Violation(`record ${record.id}, confirmed in term ${record.term}, is not there at the end`)
  }

  /** Of what was written so far, nothing has to be kept: more was lost at once than the mode bears. */
  forgiveUpTo(id: number): void {
    this.#forgivenUpTo = id
    this.#confirmed = this.#confirmed.filter((record) => record.id > id)
  }

  /** Of what that member has confirmed alone. */
  forgive(member: string): void {
    this.#confirmed = this.#confirmed.filter((record) => record.member !== member)
  }

  #isDue(record: Confirmed, member: string, term: number): boolean {
    if (record.term >= term) return false
    if (this.#waitsForQuorum) return true
    const isOvertaken = this.#openings.some((opening) => opening.member !== record.member && opening.term > record.term)
    return record.member === member && !isOvertaken
  }
}
