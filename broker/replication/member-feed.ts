// What an active knows of one other member, and what it sends to it: first what is missing, read from the active's files, then each write as
// it begins, from memory. Both go through one cursor, so that between the two nothing is left out or sent twice; a member for whom the
// window is full is read for again.
import { comparePlaces, type ActiveLog, type Place } from './active-log.ts'
import type { MemberProgress, ReadRequest } from './core.ts'
import type { Inventory } from './message.ts'
import type { Outbox } from './outbox.ts'
import type { SegmentRef } from './position.ts'
import { trimPlan } from './trim-plan.ts'

export interface FeedOptions {
  readonly member: string
  readonly term: number
  readonly log: ActiveLog
  readonly outbox: Outbox
  readonly sync: boolean
  readonly windowBytes: number
  readonly chunkBytes: number
  readonly contactTicks: number
}

interface Sent extends Place {
  readonly bytes: number
}

export class MemberFeed {
  isVoter = false
  inSync = false
  /**
   * Since anything was heard of it in this term, on whichever connection. By when it arrived: an answer may have been under way for long, and whoever gave it
   * may have promised a newer term since. So this is no lease. What a quorum has acknowledged is safe whatever is heard; where clients wait
   * for no other member, this only bounds how long two may serve.
   */
  unheardTicks = Number.POSITIVE_INFINITY
  /** The same, or since it was asked for its inventory. */
  silentTicks = 0
  readonly #options: FeedOptions
  #state: 'Detached' | 'Attaching' | 'Attached' = 'Detached'
  /** Everything before it is sent. */
  #cursor: Place = { segment: 0, offset: 0 }
  /** How much it had of segments behind the cursor when it was attached. */
  #kept: ReadonlyMap<number, number> = new Map()
  #acknowledged: Place = { segment: 0, offset: 0 }
  /** Not acknowledged, in the order of sending. */
  #sent: Sent[] = []
  #sentBytes = 0
  #reading: ReadRequest | undefined
  #late: number[] = []
  /** Where the journal ended at the last heartbeats. */
  #ends: { readonly end: Place; ticks: number }[] = []

  constructor(options: FeedOptions) {
    this.#options = options
  }

  heard(): void {
    this.unheardTicks = 0
    this.silentTicks = 0
  }

  tick(): void {
    this.unheardTicks++
    this.silentTicks++
  }

  get isConnected(): boolean {
    return this.#state !== 'Detached'
  }

  get isAttached(): boolean {
    return this.#state === 'Attached'
  }

  /** Everything up to here is there; undefined while that is not known. */
  get acknowledged(): Place | undefined {
    return this.isAttached ? this.#acknowledged : undefined
  }

  get progress(): MemberProgress {
    const { member, log } = this.#options
    const { acknowledged, isVoter, inSync, isConnected: connected } = this
    return { member, connected, inSync, isVoter, acknowledged, lagBytes: log.bytesAfter(this.#acknowledged) }
  }

  attach(): void {
    const { member, term, outbox } = this.#options
    this.detach()
    this.#state = 'Attaching'
    this.silentTicks = 0
    outbox.send(member, { type: 'attach', term })
  }

  detach(): void {
    this.#state = 'Detached'
    this.inSync = false
    this.#sent = []
    this.#sentBytes = 0
    this.#reading = undefined
    this.#late = []
    this.#ends = []
  }

  /** Of an `attach`; any other is a mistake of the member's. */
  attached({ segments, isVoter }: Inventory): boolean {
    if (this.#state !== 'Attaching') return false
    const { member, term, log, outbox } = this.#options
    const { cut, drop, late, kept } = trimPlan(log.segments, segments)
    if (cut.length > 0 || drop.length > 0) outbox.send(member, { type: 'trim', term, cut, drop })
    this.#state = 'Attached'
    this.isVoter = isVoter
    this.#kept = kept
    this.#late = [...late]
    this.#cursor = { segment: 0, offset: 0 }
    this.#skipKept()
    this.pump()
    return true
  }

  /** Sends or asks for what is next, as far as the window allows. */
  pump(): void {
    if (!this.isAttached || this.#reading) return
    const { log, windowBytes, chunkBytes } = this.#options
    this.#skipKept()
    if (this.#sent.length === 0) this.#acknowledged = this.#cursor
    while (this.#sentBytes < windowBytes) {
      const next = this.#next
      if (!next) return this.#removeLate()
      const { segment, offset } = next
      const bytes = log.latestFrom({ segment: segment.number, offset })
      if (!bytes) return this.#ask(segment.number, offset)
      this.#send(segment, offset, bytes.subarray(0, chunkBytes))
    }
  }

  /** Where it goes on behind the cursor; undefined: everything is sent. */
  get #next(): { readonly segment: SegmentRef; readonly offset: number } | undefined {
    const { log } = this.#options
    const { segment: number, offset } = this.#cursor
    const segment = log.find(number)
    if (segment && offset < segment.length) return { segment, offset }
    const next = log.after(number)
    return next && { segment: next, offset: 0 }
  }

  #ask(segment: number, from: number): void {
    const { member, log, outbox, chunkBytes } = this.#options
    const to = Math.min(log.writtenOf(segment), from + chunkBytes)
    // What is not on the disk yet can be read soon.
    if (to <= from) return
    this.#reading = { member, segment, from, to }
    outbox.read(this.#reading)
  }

  /** What was asked for; undefined: the segment is gone. One that should be there is asked for again, at the next heartbeat at the latest. */
  read(request: ReadRequest, bytes: Buffer | undefined): void {
    const reading = this.#reading
    if (!reading || reading !== request) return
    this.#reading = undefined
    const segment = this.#options.log.find(reading.segment)
    if (!segment) this.#cursor = { segment: reading.segment, offset: Number.MAX_SAFE_INTEGER }
    else if (bytes && bytes.length > 0) this.#send(segment, reading.from, bytes)
    else return
    this.pump()
  }

  /** False: nothing of that kind was sent. */
  acknowledge(place: Place): boolean {
    const at = this.#sent.findIndex((sent) => comparePlaces(sent, place) === 0)
    if (at < 0) return comparePlaces(place, this.#acknowledged) === 0
    for (const { bytes } of this.#sent.splice(0, at + 1)) this.#sentBytes -= bytes
    this.#acknowledged = { segment: place.segment, offset: place.offset }
    this.pump()
    return true
  }

  removed(numbers: readonly number[]): void {
    if (!this.isAttached) return
    this.#late.push(...numbers)
    this.pump()
  }

  /**
   * In sync is who had acknowledged by now what there was a heartbeat ago; it stays so until it lacks what there was `contactTicks` ago: a
   * busy member does not flap, one that falls behind is told.
   */
  heartbeat(ticks: number): void {
    if (!this.isAttached) return
    this.pump()
    const { member, term, log, outbox, contactTicks } = this.#options
    for (const noted of this.#ends) noted.ticks += ticks
    const has = (end: Place): boolean => comparePlaces(this.#acknowledged, end) >= 0
    const last = this.#ends.at(-1)
    if (!this.inSync) this.inSync = last !== undefined && has(last.end)
    else this.inSync = this.#ends.every((noted) => noted.ticks < contactTicks || has(noted.end))
    this.#ends.push({ end: log.end, ticks: 0 })
    while (this.#ends.length > 1 && has(this.#ends[0]!.end)) this.#ends.shift()
    while (this.#ends.length > 2 && this.#ends[1]!.ticks >= contactTicks) this.#ends.shift()
    outbox.send(member, { type: 'heartbeat', term, inSync: this.inSync })
  }

  #send(segment: SegmentRef, offset: number, bytes: Buffer): void {
    const { member, term, sync, outbox } = this.#options
    const length = offset + bytes.length
    this.#cursor = { segment: segment.number, offset: length }
    this.#sent.push({ ...this.#cursor, bytes: bytes.length })
    this.#sentBytes += bytes.length
    outbox.send(member, { type: 'write', term, segment: { ...segment, length }, offset, bytes, sync })
  }

  /** Moves the cursor over what the member had when it was attached. */
  #skipKept(): void {
    const { log } = this.#options
    for (;;) {
      const { segment: number, offset } = this.#cursor
      const current = log.find(number)
      if (current && offset < current.length) return
      const next = log.after(number)
      const kept = next && this.#kept.get(next.number)
      if (!next || !kept) return
      this.#cursor = { segment: next.number, offset: kept }
    }
  }

  /** It has everything: what is gone here may go there. */
  #removeLate(): void {
    if (this.#late.length === 0) return
    const { member, term, outbox } = this.#options
    outbox.send(member, { type: 'remove', term, segments: this.#late })
    this.#late = []
  }
}
