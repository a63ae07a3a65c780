// Reads messages back, page by page: the index says which, the database is asked for them by their ids, on a session of its own, so that
// nobody waits behind a write. Whoever reads one page behind the other finds the next one read ahead.
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { FoundMessage, Sequence } from '../held-message.ts'
import { storedFormOf } from './blob-form.ts'
import { sqlStoreLimits } from './limits.ts'
import type { StoreTables } from './store-tables.ts'

type Blobs = ReadonlyMap<Sequence, Buffer>

export interface PageReaderOptions {
  readonly logger: Logger
  readonly tables: () => Pick<StoreTables, 'read'>
  /** Whether other bytes of this message are on their way. */
  readonly updates: (sequence: Sequence) => boolean
  readonly whenDurable: (callback: () => void) => void
  readonly onFailed: (error: unknown) => void
}

/** What of an owner's messages is wanted, as far as it is durable. */
export interface WantedPage {
  /** Texts that no other owner has. */
  readonly owner: string
  readonly after: Sequence
  /** Those behind a sequence that fit one page. */
  readonly find: (after: Sequence) => readonly Sequence[]
  /** Whether a message is still there, and how large it is. */
  readonly bytesOf: (sequence: Sequence) => number | undefined
}

interface AheadPage {
  readonly sequences: ReadonlySet<Sequence>
  readonly blobs: Promise<Blobs>
  readonly bytes: number
}

export class PageReader {
  readonly #options: PageReaderOptions
  /** Where the last page of each owner ended, of those that read lately; the one that read last is last. */
  readonly #ends = new Map<string, Sequence>()
  /** By owner; what was read ahead first is first. */
  readonly #ahead = new Map<string, AheadPage>()
  #aheadBytes = 0
  /** Told of in the log. */
  readonly #missing = new Set<Sequence>()

  constructor(options: PageReaderOptions) {
    this.#options = options
  }

  async read(wanted: WantedPage): Promise<readonly FoundMessage[]> {
    const sequences = wanted.find(wanted.after)
    if (sequences.length === 0) return []
    if (sequences.some((sequence) => this.#options.updates(sequence)))
      await new Promise<void>((resolve) => this.#options.whenDurable(resolve))
    const goesOn = this.#noteEnd(wanted.owner, wanted.after, sequences.at(-1)!)
    const blobs = this.#blobsOf(wanted.owner, sequences)
    if (goesOn) this.#readAhead(wanted, sequences.at(-1)!)
    const found = await blobs
    return sequences.flatMap((sequence) => {
      // It may have been removed meanwhile.
      if (wanted.bytesOf(sequence) === undefined) return []
      const blob = found.get(sequence)
      if (blob) return [{ sequence, bytes: storedFormOf(blob) }]
      this.#tellMissing(sequence)
      return []
    })
  }

  /** Has other bytes now: what was read ahead of it is old. */
  forget(sequence: Sequence): void {
    for (const [owner, { sequences }] of this.#ahead) if (sequences.has(sequence)) this.#takeAhead(owner)
  }

  /** True when this page begins where the last one ended. */
  #noteEnd(owner: string, after: Sequence, end: Sequence): boolean {
    const goesOn = this.#ends.get(owner) === after
    this.#ends.delete(owner)
    this.#ends.set(owner, end)
    if (this.#ends.size > sqlStoreLimits.pagesKnown) this.#ends.delete(this.#ends.keys().next().value!)
    return goesOn
  }

  /** As far as they are there. */
  async #blobsOf(owner: string, sequences: readonly Sequence[]): Promise<Blobs> {
    const ahead = this.#takeAhead(owner)
    if (!ahead || !sequences.some((sequence) => ahead.sequences.has(sequence))) return this.#fetch(sequences)
    const others = sequences.filter((sequence) => !ahead.sequences.has(sequence))
    const [found, rest] = await Promise.all([ahead.blobs, others.length === 0 ? new Map() : this.#fetch(others)])
    return rest.size === 0 ? found : new Map([...found, ...rest])
  }

  async #fetch(sequences: readonly Sequence[]): Promise<Blobs> {
    try {
      const rows = await this.#options.tables().read(sequences)
      return new Map(rows.map(({ id, blob }) => [id, blob]))
    } catch (error) {
      this.#options.onFailed(error)
      throw error
    }
  }

  #readAhead({ owner, find, bytesOf }: WantedPage, after: Sequence): void {
    const sequences = find(after).filter((sequence) => !this.#options.updates(sequence))
    if (sequences.length === 0) return
    const bytes = sequences.reduce((sum, sequence) => sum + (bytesOf(sequence) ?? 0), 0)
    if (bytes > sqlStoreLimits.readAheadBytes) return
    while (this.#aheadBytes + bytes > sqlStoreLimits.readAheadBytes) this.#takeAhead(this.#ahead.keys().next().value!)
    const blobs = this.#fetch(sequences)
    // Whoever takes it is told.
    blobs.catch((error: unknown) => {
      this.#options.logger.debug('Cannot read ahead', { error: errorMessage(error) })
    })
    this.#ahead.set(owner, { sequences: new Set(sequences), blobs, bytes })
    this.#aheadBytes += bytes
  }

  #takeAhead(owner: string): AheadPage | undefined {
    const ahead = this.#ahead.get(owner)
    if (!ahead) return undefined
    this.#ahead.delete(owner)
    this.#aheadBytes -= ahead.bytes
    return ahead
  }

  #tellMissing(sequence: Sequence): void {
    if (this.#missing.has(sequence)) return
    if (this.#missing.size < sqlStoreLimits.missingKnown) this.#missing.add(sequence)
    this.#options.logger.error('A message is not in the database any more: somebody else has removed it', { sequence })
  }
}
