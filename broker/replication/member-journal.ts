// A member's own copy of the journal, as long as another one is active: what the core wants of the disk is carried out here, in order. Writes that
// gathered while one was under way go out as one, with one sync.
//
// A disk that is full holds a member up until there is space; every other error is the end of its taking part, because nobody knows what is
// on that disk.
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errorCode } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { isNoSpace } from '../disk/no-space.ts'
import { segmentFileName, summaryFileName, termDirectoryName } from '../journal/format.ts'
import { journalLimits } from '../journal/limits.ts'
import { SegmentSpace } from '../journal/segment-space.ts'
import { loadSegmentTable, newestTerm, withFile } from '../journal/segment-table.ts'
import { findTail } from '../journal/tail.ts'
import type { DiskOperation, DurableState } from './core.ts'
import { loadMemberState, saveMemberState } from './member-state.ts'
import type { SegmentRef } from './position.ts'

export interface MemberJournalOptions {
  readonly disk: Disk
  /** The journal's, which holds the directories of the terms. */
  readonly directory: string
  /** Space is set aside up to here. */
  readonly maxFileLength: number
  readonly clock: Clock
  readonly logger: Logger
}

/** What a member that starts has. */
export interface FoundJournal {
  readonly durable: DurableState
  readonly segments: readonly SegmentRef[]
}

type WriteOperation = Extract<DiskOperation, { kind: 'write' }>

/** The segment that was written to last. */
interface OpenFile {
  readonly number: number
  readonly file: DiskFile
  readonly space: SegmentSpace
  length: number
  isSynced: boolean
}

export class MemberJournal {
  readonly #options: MemberJournalOptions
  #directory = ''
  #current: OpenFile | undefined
  #closed = false
  /** Of an operation that waits for space. */
  #endPause: (() => void) | undefined

  constructor(options: MemberJournalOptions) {
    this.#options = options
  }

  /** Makes the directory if there is none; cuts what does not count, so that writes go on at the end of what does. */
  async open(): Promise<FoundJournal> {
    const { disk, directory } = this.#options
    await disk.makeDirectory(directory)
    await disk.syncDirectory(dirname(directory))
    const durable = await this.#loadState()
    await this.#nameAfter(durable.promised)
    return { durable, segments: this.#directory === '' ? [] : await this.#findSegments() }
  }

  /** Rejects when they cannot all be done; then nobody knows which are. */
  async perform(operations: readonly DiskOperation[]): Promise<void> {
    let writes: WriteOperation[] = []
    for (const operation of operations) {
      if (operation.kind === 'write' && goesOn(writes.at(-1), operation)) {
        writes.push(operation)
        continue
      }
      await this.#write(writes)
      writes = operation.kind === 'write' ? [operation] : []
      if (operation.kind !== 'write') await this.#whereThereIsSpace(() => this.#perform(operation))
    }
    await this.#write(writes)
  }

  /** Operations that wait for space fail, and so do later ones that find none. */
  stop(): void {
    this.#closed = true
    this.#endPause?.()
  }

  /** Lets go of its file: somebody else may go on in this journal, or nobody. Nothing is under way by then. */
  async close(): Promise<void> {
    this.stop()
    await this.#closeCurrent()
  }

  async #perform(operation: Exclude<DiskOperation, WriteOperation>): Promise<void> {
    const { disk, directory } = this.#options
    switch (operation.kind) {
      case 'state':
        await saveMemberState(disk, directory, operation.state)
        return this.#nameAfter(operation.state.promised)
      case 'trim':
        await this.#closeCurrent()
        // The newest first: after a crash between two of them what is left is still the beginning of a history.
        for (const number of operation.drop) await this.#remove(number)
        await disk.syncDirectory(this.#directory)
        for (const { number, length } of operation.cut.toReversed()) await this.#cut(number, length)
        return disk.syncDirectory(this.#directory)
      case 'remove':
        for (const number of operation.segments) await this.#remove(number)
    }
  }

  /**
   * A promise and the directory of its term are made one after the other, the promise first. Where one of them is lost, nobody knows what else is, or to
   * whom the term was promised: it counts no more than an empty member does, until it is in sync and others know of nothing newer.
   */
  async #loadState(): Promise<DurableState> {
    const { disk, directory, logger } = this.#options
    const saved = await loadMemberState(disk, directory)
    const term = await newestTerm(disk, directory)
    if (term <= saved.promised && (term > 0 || saved.promised === 0)) return saved
    const [lost, kept] =
      term === 0 ? ['The journal', 'what this member has promised'] : ['What this member has promised', 'its journal']
    logger.error(
      `${lost} is lost, or older than ${kept}: it does not vote until it has everything from an active and a quorum of the others knows of nothing newer`,
      { directory, promised: saved.promised, term },
    )
    if (term <= saved.promised) return { ...saved, isVoter: false }
    return { promised: term, candidate: null, isVoter: false }
  }

  /** From then on writers of older terms find nothing under their paths (journal/format.ts, rule 2). */
  async #nameAfter(promised: number): Promise<void> {
    const { disk, directory } = this.#options
    const newest = await newestTerm(disk, directory)
    const term = Math.max(promised, newest)
    if (term === 0) return
    const target = `${directory}/${termDirectoryName(term)}`
    if (newest === 0) await disk.makeDirectory(target)
    else if (newest < term) await disk.rename(`${directory}/${termDirectoryName(newest)}`, target)
    this.#directory = target
    await disk.syncDirectory(directory)
  }

  async #findSegments(): Promise<SegmentRef[]> {
    const { disk } = this.#options
    const { closed, tail, present } = await loadSegmentTable(disk, this.#directory)
    const counted = [...closed]
    if (tail) {
      const { number, term, salt } = tail
      const { length } = await findTail(disk, this.#directory, tail)
      counted.push({ number, term, salt, length })
    }
    const segments: SegmentRef[] = []
    for (const segment of counted) {
      if (!present.includes(segment.number)) continue
      const length = Math.min(segment.length, await this.#sizeOf(segment.number))
      // Of one whose length nobody knows, nothing can be told to others.
      if (length > 0) segments.push({ ...segment, length })
    }
    const counts = new Map(segments.map(({ number, length }) => [number, length]))
    for (const number of present) {
      const length = counts.get(number)
      if (length === undefined) await this.#remove(number)
      else if ((await this.#sizeOf(number)) > length) await this.#cut(number, length)
      else await this.#sync(number)
    }
    await disk.syncDirectory(this.#directory)
    return segments
  }

  /** A process that was killed may have written it and not synced; from now on others are told that it is here. */
  async #sync(number: number): Promise<void> {
    const file = await this.#options.disk.open(this.#pathOf(number), 'existing')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }

  #sizeOf(number: number): Promise<number> {
    return withFile(this.#options.disk, this.#pathOf(number), (file) => file.size())
  }

  async #write(writes: readonly WriteOperation[]): Promise<void> {
    const [first] = writes
    const last = writes.at(-1)
    if (!first || !last) return
    const { segment, offset, sync } = first
    const current = await this.#whereThereIsSpace(() => this.#openSegment(segment.number, offset))
    const end = last.segment.length
    const wait = sync ? current.space.before(end) : undefined
    if (wait) await wait
    const buffers = writes.map(({ bytes }) => bytes)
    await this.#whereThereIsSpace(() =>
      sync ? current.file.writeDurably(buffers, offset) : current.file.write(buffers, offset),
    )
    current.length = end
    current.isSynced = sync
    if (offset === 0 && sync) await this.#options.disk.syncDirectory(this.#directory)
    if (sync) current.space.written(end)
  }

  async #openSegment(number: number, offset: number): Promise<OpenFile> {
    if (this.#current?.number === number) return this.#current
    await this.#closeCurrent()
    const { disk, maxFileLength } = this.#options
    const path = this.#pathOf(number)
    if (offset === 0 && (await disk.exists(path))) await disk.remove(path)
    const file = await disk.open(path, offset === 0 ? 'create' : 'existing')
    this.#current = { number, file, space: new SegmentSpace(file, maxFileLength), length: offset, isSynced: true }
    return this.#current
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    if (!current) return
    // Only the last segment is looked through for where it ends: the others have the length that the newest header says.
    if (!current.isSynced) {
      await current.file.sync()
      await this.#options.disk.syncDirectory(this.#directory)
    }
    // Also without a sync: what was set aside behind it has to go.
    await current.space.close(current.length)
  }

  async #cut(number: number, length: number): Promise<void> {
    const { disk } = this.#options
    const file = await disk.open(this.#pathOf(number), 'existing')
    try {
      await file.truncate(length)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#removeFile(summaryFileName(number))
  }

  async #remove(number: number): Promise<void> {
    if (this.#current?.number === number) await this.#closeCurrent()
    await this.#removeFile(segmentFileName(number))
    await this.#removeFile(summaryFileName(number))
  }

  async #removeFile(name: string): Promise<void> {
    try {
      await this.#options.disk.remove(`${this.#directory}/${name}`)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  #pathOf(number: number): string {
    return `${this.#directory}/${segmentFileName(number)}`
  }

  async #whereThereIsSpace<T>(change: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await change()
      } catch (error) {
        if (!isNoSpace(error) || this.#closed) throw error
        if (attempt === 1) logger.error('The disk is full: this member waits for space', { error })
        await new Promise<void>((resolve) => {
          const timer = clock.after(journalLimits.spaceRetryMs, resolve)
          this.#endPause = () => {
            timer.cancel()
            resolve()
          }
        })
        this.#endPause = undefined
      }
    }
  }
}

const goesOn = (last: WriteOperation | undefined, { segment, offset, sync }: WriteOperation): boolean =>
  last !== undefined && last.segment.number === segment.number && last.segment.length === offset && last.sync === sync
