// The lock of a shared directory.
//
//   lock.sqlite   held with an exclusive POSIX lock, which the operating system frees the instant its holder dies and
//                 not before; has the last term, which is durable before anybody learns of it
//   lock.json     {"brokerName": "orders", "member": "orders-1", "term": 4, "watchUrl": "http://10.1.2.3:8161/watch"}: who
//                 holds or last held it, for those who do not, and where they can wait for its end (../holder-watch.ts);
//                 replaced as a whole
//
// The directory belongs to the broker that the note names, also when no member of it runs: members of others are refused.
// It is looked at before each attempt, and with the lock in hand before anything is written, so that of two brokers which
// find a directory without a name one gets it. A note without a name (of an earlier version, or none) refuses nobody.
//
// A new holder replaces lock.json before it does anything else. A member that lost its lock without noticing (a network
// file system took it away while it was stopped) sees that with its next `verify`. On a local file system that is a matter
// of microseconds; others are asked in the background, because a server that does not answer must not stop the event loop.
// A volume that leaves the keep-alive without an answer counts as lost.
//
// lock.sqlite must never be opened by anything else in this process: POSIX frees all locks that a process has on a file when
// it closes any descriptor of it. And nobody should delete the files; a deleted lock counts as lost.
import { statSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock, Timer } from '../../base/clock.ts'
import { errorCode, errorMessage, FlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { makeDataDirectory, unusable } from './data-directory.ts'
import { fileLockLimits } from './limits.ts'
import {
  awaitWritable,
  isLocal,
  isSameFile,
  isVolumeTrouble,
  loadFormerHolder,
  loadHolder,
  loadHolderIfAny,
  notePath,
  saveTerm,
  statByOpening,
  takeLock,
  writeHolder,
  type HeldLock,
  type HolderNote,
  type NotedFile,
} from './lock-files.ts'
import { AttemptPauses } from '../attempt-pauses.ts'
import type { OpenWatch } from '../holder-watch.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../lock.ts'
import { LockLostError } from '../lock-lost-error.ts'
import { StorageRefusedError } from '../storage-refused-error.ts'

type LoadStats = (path: string) => Promise<Stats>

export interface FileLockOptions {
  /** The shared data directory. */
  readonly directory: string
  /**
   * Whether the directory is made if it is not there; default true. Not for a member that has had it: an empty one in its
   * place would hide what is stored.
   */
  readonly makesDirectory?: boolean
  /** Name that all members of the group have: whose directory it is. */
  readonly brokerName: string
  /** Name of this member, shown to people and to the other members. */
  readonly member: string
  readonly clock: Clock
  readonly logger: Logger
  /** How often a standby tries; default 250. */
  readonly acquireIntervalMs?: number
  /** Where others can wait for the end of this member, once it holds the lock. */
  readonly watchUrl?: () => string | undefined
  /** How the end of the holder is waited for; not at all if not given. */
  readonly openWatch?: OpenWatch
  /** How often the holder proves its lock besides `verify`, and how long the volume may take to answer; default 2000; 0 = never. */
  readonly keepAlivePeriodMs?: number
  /** The term handed out is larger than this one: the newest of the journal, should the lock's files have been deleted. */
  readonly newestTerm?: () => Promise<number>
  /** Whether the directory is on a file system of this machine's own; found out if not given. */
  readonly isLocal?: (directory: string) => Promise<boolean>
  /** How a network file system is asked for the present state of a file. */
  readonly proofs?: { readonly database: LoadStats; readonly note: LoadStats }
}

export class FileLock implements Lock {
  readonly kind = 'File'
  readonly #options: FileLockOptions
  readonly #pauses: AttemptPauses
  #obstacle: LockObstacle = { kind: 'Unknown' }

  constructor(options: FileLockOptions) {
    this.#options = options
    this.#pauses = new AttemptPauses(options)
  }

  /**
   * Waits while others have the lock, and while the volume is read-only, full, failing or gone after it was there: then a
   * warning says so. Rejects with DATA_DIRECTORY when the directory cannot be used at all.
   */
  async acquire(signal: AbortSignal): Promise<LockHandle> {
    try {
      return await this.#acquire(signal)
    } finally {
      this.#pauses.stop()
    }
  }

  async #acquire(signal: AbortSignal): Promise<LockHandle> {
    const {
      directory,
      logger,
      makesDirectory = true,
      acquireIntervalMs = fileLockLimits.acquireIntervalMs,
    } = this.#options
    this.#obstacle = { kind: 'Unknown' }
    let isMade = !makesDirectory
    let hasWorked = isMade
    for (;;) {
      signal.throwIfAborted()
      const before = this.#obstacle.kind
      try {
        if (!isMade) await makeDataDirectory(directory)
        isMade = true
        this.#refuseIfForeign(await loadFormerHolder(directory))
        const handle = await this.#attempt(signal)
        if (handle) return handle
        this.#obstacle = { kind: 'Held' }
        hasWorked = true
      } catch (error) {
        if (isFinal(error)) throw error
        if (!hasWorked && !isVolumeTrouble(error)) throw unusable(directory, error)
        this.#complain(error)
      }
      const holder = await loadHolderIfAny(directory)
      this.#pauses.follow(holder)
      if (this.#obstacle.kind === 'Held' && before !== 'Held')
        logger.info('Waiting for the lock', { directory, holder: holder?.member })
      await this.#pauses.pause(acquireIntervalMs, signal)
    }
  }

  get obstacle(): LockObstacle {
    return this.#obstacle
  }

  async refusal(): Promise<StorageRefusedError | undefined> {
    return this.#foreign(await loadHolderIfAny(this.#options.directory))
  }

  /** Makes a waiting `acquire` try at once. */
  tryNow(): void {
    this.#pauses.tryNow()
  }

  holder(): Promise<LockHolder | undefined> {
    return loadHolder(this.#options.directory)
  }

  async #attempt(signal: AbortSignal): Promise<FileLockHandle | undefined> {
    const { directory, logger, newestTerm } = this.#options
    const held = await takeLock(directory, logger)
    if (!held) return undefined
    try {
      const handle = await this.#become(held, (await newestTerm?.()) ?? 0)
      if (!signal.aborted) return handle
      await handle.release()
    } catch (error) {
      held.database.close()
      throw error
    }
    return undefined
  }

  async #become(held: HeldLock, newestTerm: number): Promise<FileLockHandle> {
    const { directory, brokerName, member, logger, watchUrl } = this.#options
    const former = await loadFormerHolder(directory)
    this.#refuseIfForeign(former)
    await awaitWritable(held)
    const term = Math.max(held.lastTerm, former?.term ?? 0, newestTerm) + 1
    if (term > fileLockLimits.maxTerm)
      throw new FlotillaError(
        'LOCK_TERM',
        `Cannot take lock ${directory}: the last term ${term - 1} is the largest there is`,
      )
    saveTerm(held, term)
    const note = await writeHolder(directory, { brokerName, member, term, watchUrl: watchUrl?.() })
    logger.info('Acquired the lock', { directory, term })
    return new FileLockHandle(this.#options, term, held, note, await (this.#options.isLocal ?? isLocal)(directory))
  }

  #foreign(former: LockHolder | undefined): StorageRefusedError | undefined {
    const { directory, brokerName } = this.#options
    const owner = former?.brokerName
    if (owner === undefined || owner === brokerName) return undefined
    return new StorageRefusedError(
      `Cannot use data directory ${directory}: it belongs to broker ${owner}, and this one is ${brokerName}; if ${owner} is gone for good and its messages are to be taken over, remove ${notePath(directory)}`,
      { fields: { directory, brokerName, owner } },
    )
  }

  #refuseIfForeign(former: LockHolder | undefined): void {
    const refusal = this.#foreign(former)
    if (refusal) throw refusal
  }

  /** Once for each new reason: it may last for days. */
  #complain(error: unknown): void {
    const { directory, logger } = this.#options
    const reason = errorMessage(error)
    if (this.#obstacle.kind === 'Trouble' && reason === this.#obstacle.reason) return
    this.#obstacle = { kind: 'Trouble', reason }
    logger.warn('Cannot try the lock now, and keep on trying', { directory, reason })
  }
}

class FileLockHandle implements LockHandle {
  readonly term: number
  readonly lost: Promise<Error>
  readonly #options: FileLockOptions
  readonly #held: HeldLock
  readonly #note: HolderNote
  readonly #isLocal: boolean
  #resolveLost: (error: Error) => void = () => {}
  #error: LockLostError | undefined
  #isReleased = false
  #timer: Timer | undefined

  constructor(options: FileLockOptions, term: number, held: HeldLock, note: HolderNote, local: boolean) {
    this.#options = options
    this.term = term
    this.#held = held
    this.#note = note
    this.#isLocal = local
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve))
    this.#keepAlive()
  }

  verify(): void | Promise<void> {
    if (this.#error) throw this.#error
    if (!this.#isLocal) return this.#prove()
    for (const noted of [this.#held, this.#note]) {
      let found
      try {
        found = statSync(noted.path)
      } catch (error) {
        throw this.#lose(missing(noted, error), error)
      }
      if (!isSameFile(found, noted)) throw this.#lose(`${noted.path} was replaced`)
    }
  }

  /** Also after it was lost: until then the store may still be writing. */
  async release(): Promise<void> {
    if (this.#isReleased) return
    this.#isReleased = true
    const wasLost = this.#error !== undefined
    this.#error ??= new LockLostError('it was released')
    this.#timer?.cancel()
    this.#held.database.close()
    await this.#note.file.close()
    if (!wasLost)
      this.#options.logger.info('Released the lock', { directory: this.#options.directory, term: this.term })
  }

  /**
   * The same in the background. The note is opened, because that asks the server of a network file system, and whoever
   * has the lock replaces the note before anything else.
   */
  async #prove(): Promise<void> {
    const proofs = this.#options.proofs ?? { database: stat, note: statByOpening }
    await this.#proveFile(this.#held, proofs.database)
    await this.#proveFile(this.#note, proofs.note)
    if (this.#error) throw this.#error
  }

  async #proveFile(noted: NotedFile, load: LoadStats): Promise<void> {
    let found
    try {
      found = await load(noted.path)
    } catch (error) {
      throw this.#lose(missing(noted, error), error)
    }
    if (isSameFile(found, noted)) return
    const holder = await loadHolderIfAny(this.#options.directory)
    const by = holder && holder.term !== this.term ? ` by ${holder.member} for term ${holder.term}` : ''
    throw this.#lose(`${noted.path} was replaced${by}`)
  }

  #keepAlive(): void {
    const { clock, keepAlivePeriodMs = fileLockLimits.keepAlivePeriodMs } = this.#options
    if (keepAlivePeriodMs === 0) return
    this.#timer = clock.after(keepAlivePeriodMs, () => {
      this.#awaitAnswer(keepAlivePeriodMs / answerTicks, answerTicks)
      this.#proveTerm().then(
        () => {
          this.#timer?.cancel()
          if (!this.#error) this.#keepAlive()
        },
        (error: unknown) => void this.#lose(`it cannot be proven: ${errorMessage(error)}`, error),
      )
    })
  }

  async #proveTerm(): Promise<void> {
    await this.#prove()
    const holder = await loadHolder(this.#options.directory)
    if (holder?.term !== this.term) throw this.#lose(`term ${holder?.term} was begun by ${holder?.member}`)
  }

  /** Counts what the event loop saw pass: a process that was stopped meanwhile has not waited. */
  #awaitAnswer(tickMs: number, ticks: number): void {
    this.#timer = this.#options.clock.after(tickMs, () => {
      if (ticks > 1) this.#awaitAnswer(tickMs, ticks - 1)
      else this.#lose(`the volume has not answered for ${tickMs * answerTicks} ms`)
    })
  }

  /** Only the first reason counts. */
  #lose(state: string, cause?: unknown): LockLostError {
    if (this.#error) return this.#error
    const { directory, logger } = this.#options
    const error = new LockLostError(state, { fields: { directory, term: this.term }, cause })
    this.#error = error
    this.#timer?.cancel()
    logger.error('Lost the lock', { error })
    this.#resolveLost(error)
    return error
  }
}

/** No later attempt will end otherwise. */
const isFinal = (error: unknown): boolean => ['LOCK_TERM', 'STORAGE_REFUSED'].includes(errorCode(error) ?? '')

/** In how many steps the volume's time to answer is counted. */
const answerTicks = 4

const missing = ({ path }: NotedFile, error: unknown): string => `${path} cannot be found: ${errorMessage(error)}`
