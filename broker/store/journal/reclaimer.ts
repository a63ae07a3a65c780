// Gets disk space back, segment by segment and in any order, so that one old message never holds on to more than its own
// segment, and not even that for long:
//
//   - Messages in a nearly dead segment are moved on to the end of the journal (record `moved`).
//   - A dead segment is removed when what it tells about others has been told again: removals of messages in older segments
//     (record `live`: what is still needed there) and commits of transactions that began in older segments (those
//     messages are moved). Queues, producers and the last sequence stand at the start of every segment anyway.
//
// Where room is tight more is moved on, and the segment that is written to is closed before it is full: else the last room of a
// journal would be what those who keep up have left behind in it.
//
// A segment is left alone while telling again would cost more than a quarter of what comes back, and while all that is written
// for its removal (copies of messages, what is told again, and what stands at the start of every segment that is begun for
// that) would be as long as the segment.
//
// So reclaiming comes to rest. Nothing that it does stands alone: messages are moved on, and a segment is closed early, only for
// the removal that follows, whose costs were counted to the end; and with each removal the journal is shorter than before all of
// that was written. It cannot become shorter for ever. What is counted is an upper bound (Journal.costOf) but for one thing: the
// start of the next segment is taken to be as long as that of the newest, and subscriptions and producers may have been added
// since. That is put right by the segment that was begun, and from then on holds until others add more.
import type { Logger } from '../../base/logger.ts'
import { errorCode, errorMessage } from '../../base/errors.ts'
import { segmentRemovedBytes } from '../../journal/format.ts'
import type { Journal } from '../../journal/journal.ts'
import { journalStoreLimits } from './limits.ts'
import type { MessageLocation } from './message-location.ts'
import type { Sequence } from '../held-message.ts'
import type { SegmentUse } from './segment-uses.ts'
import { addBytes, encodeAdd, encodeLive, liveRecordBytes, recordType } from './store-records.ts'
import type { QueueState } from './queue-state.ts'
import type { StoreState } from './store-state.ts'
import { appendExcept } from './subscription-records.ts'

export interface ReclaimerOptions {
  readonly state: StoreState
  readonly journal: Journal
  readonly logger: Logger
  readonly maxFileLength: number
  /** There is next to no room left for new messages. */
  readonly isTight: () => boolean
  /** Files are gone, and the disk has more space. */
  readonly onRemoved: () => void
}

interface MovedMessage {
  readonly queue: QueueState
  readonly sequence: Sequence
}

export class Reclaimer {
  readonly #options: ReclaimerOptions
  #running: Promise<void> | undefined
  #again = false
  #stopped = false
  /** Segments that hold, or commit, a message that cannot be read: they stay, as evidence. */
  readonly #kept = new Set<number>()

  constructor(options: ReclaimerOptions) {
    this.#options = options
  }

  /** Cheap: whether it is worth to look after `segment` lost something. */
  isCandidate(use: SegmentUse): boolean {
    const { maxFileLength, isTight } = this.#options
    if (use.pins > 0) return false
    return this.#isSparse(use) || (isTight() && this.#gains(use, maxFileLength))
  }

  /** Does what there is to do, in the background. */
  trigger(): void {
    this.#again = true
    if (this.#running || this.#stopped) return
    this.#running = this.#run()
      .catch((error: unknown) =>
        this.#options.logger.warn('Cannot reclaim space of the journal', { error: errorMessage(error) }),
      )
      .then(() => {
        this.#running = undefined
        if (this.#again) this.trigger()
      })
  }

  /** Resolves when there is nothing left to do now. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  stop(): void {
    this.#stopped = true
    this.#again = false
  }

  async #run(): Promise<void> {
    await yieldToEvents()
    while (!this.#stopped) {
      this.#again = false
      const dead = this.#deadSegments()
      if (dead.length > 0) {
        await this.#remove(dead)
        continue
      }
      const sparse = this.#sparseSegment()
      if (sparse !== undefined) await this.#moveOn(sparse)
      else return this.#closeSegment()
    }
  }

  /** Dead segments that are cheap enough to remove. */
  #deadSegments(): number[] {
    const { state, journal } = this.#options
    const dead = new Set<number>()
    for (const [segment, use] of state.uses.entries())
      if (use.live === 0 && use.pins === 0 && this.#isRemovable(segment)) dead.add(segment)
    const cheap = [...dead].filter((segment) => this.#isCheap(segment, dead, journal.closedLength(segment)!))
    if (this.#gain(cheap) > 0) return cheap
    const alone = cheap.find((segment) => this.#gain([segment]) > 0)
    return alone === undefined ? [] : [alone]
  }

  /**
   * The one that gives back most: first of all the one that was closed to be moved on, so that nothing else takes the room which
   * that was for.
   */
  #sparseSegment(): number | undefined {
    const { state, journal, maxFileLength } = this.#options
    let sparse: number | undefined
    let mostBytes = 0
    for (const [segment, use] of state.uses.entries()) {
      if (use.live === 0 || !this.isCandidate(use) || !this.#isRemovable(segment)) continue
      const length = journal.closedLength(segment)!
      if (length - use.liveBytes <= mostBytes) continue
      const gain = this.#gain([segment])
      const least = this.#isSparse(use) ? 0 : maxFileLength * journalStoreLimits.tightGainShare
      if (gain <= mostBytes || gain < least || !this.#isCheap(segment, new Set([segment]), length)) continue
      sparse = segment
      mostBytes = gain
    }
    return sparse
  }

  #isSparse({ liveBytes }: SegmentUse): boolean {
    return liveBytes <= this.#options.maxFileLength * journalStoreLimits.sparseShare
  }

  /** Whether there may be enough in a segment of this length that is not needed. */
  #gains({ liveBytes }: SegmentUse, length: number): boolean {
    return length - liveBytes >= this.#options.maxFileLength * journalStoreLimits.tightGainShare
  }

  /** The one that is written to, when nothing but that is left to be removed. */
  #closeSegment(): void {
    const { state, journal, isTight, maxFileLength } = this.#options
    const { segment, segmentBytes } = journal
    if (!isTight() || !this.isCandidate(state.uses.of(segment))) return
    const gain = segmentBytes - journal.costOfNext(this.#bytesToRemove([segment]))
    if (gain < maxFileLength * journalStoreLimits.tightGainShare) return
    if (this.#isCheap(segment, new Set([segment]), segmentBytes)) journal.closeSegment()
  }

  #isRemovable(segment: number): boolean {
    return !this.#kept.has(segment) && this.#options.journal.closedLength(segment) !== undefined
  }

  /** How much shorter the journal is without these segments, when all is written that this takes. */
  #gain(segments: readonly number[]): number {
    const { journal } = this.#options
    let gain = -journal.costOf(this.#bytesToRemove(segments))
    for (const segment of segments) gain += journal.closedLength(segment)!
    return gain
  }

  /** All that is written for the removal of these segments, the moving of their messages included. */
  #bytesToRemove(segments: readonly number[]): number {
    const { uses } = this.#options.state
    const removed = new Set(segments)
    const told = new Set<number>()
    let bytes = 0
    for (const segment of segments) {
      const { live, liveBytes, longerBytes } = uses.of(segment)
      bytes += segmentRemovedBytes + this.#bytesCommittedElsewhere(segment)
      if (live > 0) bytes += liveBytes + longerBytes
      for (const other of this.#toRetell(segment)) if (!removed.has(other)) told.add(other)
    }
    for (const segment of told) bytes += this.#bytesToTellOf(segment)
    return bytes
  }

  /** Whether little has to be told again for a segment of this length to go, along with those that are dead. */
  #isCheap(segment: number, dead: ReadonlySet<number>, length: number): boolean {
    let cost = this.#bytesCommittedElsewhere(segment)
    for (const told of this.#toRetell(segment)) {
      // A message that was moved while its removal waited for a commit: more may still come into its segment.
      if (this.#options.journal.closedLength(told) === undefined) return false
      if (!dead.has(told)) cost += this.#bytesToTellOf(told)
    }
    return cost <= length * journalStoreLimits.retellShare
  }

  /** Records of open transactions are pins. */
  #bytesToTellOf(segment: number): number {
    const { live, pins } = this.#options.state.uses.of(segment)
    return liveRecordBytes(live + pins)
  }

  #bytesCommittedElsewhere(segment: number): number {
    const { recordOverheadBytes } = this.#options.state.subscriptions
    let bytes = 0
    for (const { sequence, queue } of this.#committedElsewhere(segment))
      bytes += recordOverheadBytes + (queue.index.get(sequence)?.bodyLength ?? 0)
    return bytes
  }

  /** Segments of which `segment` tells something that stands nowhere else. */
  #toRetell(segment: number): number[] {
    const { uses } = this.#options.state
    return [...uses.of(segment).tellsOf].filter((told) => uses.has(told))
  }

  /** Messages in older segments that are committed by a record in `segment`. */
  *#committedElsewhere(segment: number): Generator<MovedMessage> {
    const { queues, uses } = this.#options.state
    for (const commit of uses.of(segment).commits) {
      for (const number of commit.queues) {
        const queue = queues.get(number)
        if (!queue) continue
        const found: Sequence[] = []
        queue.index.scan(commit.firstSequence - 1, (location) => {
          if (location.sequence >= commit.firstSequence + commit.count) return false
          if (location.segment < segment) found.push(location.sequence)
          return true
        })
        for (const sequence of found) yield { queue, sequence }
      }
    }
  }

  async #remove(dead: readonly number[]): Promise<void> {
    const { state, journal, logger } = this.#options
    const removed = new Set(dead)
    const told = new Set(dead.flatMap((segment) => this.#toRetell(segment)).filter((segment) => !removed.has(segment)))
    for (const segment of dead) await this.#move([...this.#committedElsewhere(segment)])
    if (told.size > 0) await this.#retell(told)
    if (this.#stopped) return
    // A segment stays for ever if a message that it commits cannot be read; then the others are planned anew.
    const kept = dead.filter((segment) => this.#committedElsewhere(segment).next().done !== true)
    for (const segment of kept) this.#kept.add(segment)
    if (kept.length > 0) return
    for (const segment of dead) state.uses.delete(segment)
    await journal.removeSegments(dead)
    this.#options.onRemoved()
    logger.debug('Removed segments of the journal', { segments: dead.length })
  }

  /** Writes down which records of these segments are still needed. */
  async #retell(segments: ReadonlySet<number>): Promise<void> {
    const { state, journal } = this.#options
    const positions = new Map([...segments].map((segment) => [segment, [] as number[]]))
    // What older segments told so far will stand in these records. What is told from here on, also by a record in an older
    // segment that takes effect with its commit, is not in them.
    state.uses.forgetTold(segments, journal.segment)
    // A transaction that commits during the scan may be missed by it.
    for (const { adds } of state.transactions.values())
      for (let index = 0; index < adds.length; index++) positions.get(adds.segment(index))?.push(adds.position(index))
    // Messages that are removed during the scan may be listed: their removals are told again.
    await this.#scanAll(({ segment, position }) => void positions.get(segment)?.push(position))
    if (this.#stopped) return
    for (const [segment, needed] of positions) {
      encodeLive(segment, needed, ({ meta, length }) => {
        journal.append(recordType.live, meta, length)
        state.uses.tells(journal.segment, segment)
      })
    }
  }

  async #moveOn(segment: number): Promise<void> {
    const found: MovedMessage[] = []
    await this.#scanAll((location, queue) => {
      if (location.segment === segment) found.push({ queue, sequence: location.sequence })
    })
    await this.#move(found)
    const use = this.#options.state.uses.of(segment)
    if (use.live > 0 && !this.#stopped) this.#kept.add(segment)
  }

  /** Appends copies of messages to the journal, as far as they are still there when they were read. */
  async #move(messages: readonly MovedMessage[]): Promise<void> {
    const { journal } = this.#options
    let unwritten = 0
    for (const message of messages) {
      if (this.#stopped) return
      const location = message.queue.index.get(message.sequence)
      if (!location) continue
      if (!journal.isDurable(location.segment, location.position)) await durable(journal)
      const body = await this.#readBody(location, message.queue)
      if (!body) continue
      this.#append(message, location, body)
      unwritten += body.length
      if (unwritten < journalStoreLimits.readRunBytes) continue
      await durable(journal)
      unwritten = 0
    }
  }

  #append({ queue, sequence }: MovedMessage, location: MessageLocation, body: Buffer): void {
    const { journal, state } = this.#options
    const now = queue.index.get(sequence)
    // Removed meanwhile, perhaps with its whole queue.
    if (now?.segment !== location.segment || state.queues.get(queue.number) !== queue) return
    const encoded = encodeAdd(queue.number, sequence, location.headLength)
    const { topic } = queue
    const { meta, length } = topic ? appendExcept(encoded, state.subscriptions.except(topic, sequence)) : encoded
    const type = topic ? recordType.topicMoved : recordType.moved
    const position = journal.append(type, meta, length, undefined, 0, body)
    state.place(queue, { ...location, segment: journal.segment, position })
    state.uses.lengthen(journal.segment, length - addBytes)
  }

  async #readBody(
    { segment, position, bodyLength }: MessageLocation,
    { topic }: QueueState,
  ): Promise<Buffer | undefined> {
    const { journal, state } = this.#options
    const overheadBytes = topic ? state.subscriptions.recordOverheadBytes : journalStoreLimits.recordOverheadBytes
    try {
      const bytes = await journal.read(segment, position, bodyLength + overheadBytes)
      return journal.body(segment, position, bytes, position)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Visits all messages in several turns of the event loop; some may come or go meanwhile. */
  async #scanAll(visit: (location: Readonly<MessageLocation>, queue: QueueState) => void): Promise<void> {
    let left: number = journalStoreLimits.indexScanEntries
    for (const queue of this.#options.state.queues.values()) {
      let after: Sequence | undefined = 0
      while (after !== undefined) {
        let next: Sequence | undefined
        queue.index.scan(after, (location) => {
          visit(location, queue)
          if (--left > 0) return true
          next = location.sequence
          return false
        })
        after = next
        if (left > 0) continue
        await yieldToEvents()
        left = journalStoreLimits.indexScanEntries
      }
    }
  }
}

const durable = (journal: Journal): Promise<void> => new Promise((resolve) => journal.whenDurable(resolve))

const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
