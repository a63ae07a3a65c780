// The lock of a shared directory.
//
//   lock.sqlite   held with an exclusive POSIX lock, which the operating system frees the instant its holder dies and
//                 not before; has the last term, which is durable before anybody learns of it
//   lock.json     {"member": "orders-1", "term": 4}: who holds it, for those who do not; replaced as a whole
//
// A new holder replaces lock.json before it does anything else. A member that lost its lock without noticing (a network
// file system took it away while it was stopped) sees that with its next `verify`.
//
// lock.sqlite must never be opened by anything else in this process: POSIX frees all locks that a process has on a file when
// it closes any descriptor of it. And nobody should delete the files; a deleted lock counts as lost.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock, Timer } from '../base/clock.ts'
import { errorCode, errorMessage, FlotillaError, isError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { lockLimits } from './limits.ts'
import type { Lock, LockHandle, LockHolder } from './lock.ts'
import { LockLostError } from './lock-lost-error.ts'

export interface FileLockOptions {
  /** The shared data directory; made if it is not there. */
  readonly directory: string
  /** Name of this member, shown to people and to the other members. */
  readonly member: string
  readonly clock: Clock
  readonly logger: Logger
  /** How often a standby tries; default 250. */
  readonly acquireIntervalMs?: number
  /** How often the holder proves its lock besides `verify`; default 2000. */
  readonly keepAlivePeriodMs?: number
  /** The term handed out is larger than this one: the newest of the journal, should the lock's files have been deleted. */
  readonly newestTerm?: () => Promise<number>
}

export class FileLock implements Lock {
  readonly #options: FileLockOptions
  #wake: () => void = () => {}

  constructor(options: FileLockOptions) {
    this.#options = options
  }

  /** Rejects with the error of the file system when the directory cannot be used at all. */
  async acquire(signal: AbortSignal): Promise<LockHandle> {
    const { directory, logger, newestTerm } = this.#options
    mkdirSync(directory, { recursive: true, mode: 0o750 })
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const held = takeLock(join(directory, 'lock.sqlite'))
      if (held) {
        try {
          return this.#become(held, (await newestTerm?.()) ?? 0)
        } catch (error) {
          held.database.close()
          throw error
        }
      }
      if (attempt === 1) logger.info('Waiting for the lock', { directory, holder: (await this.holder())?.member })
      await this.#pause(signal)
    }
  }

  /** Makes a waiting `acquire` try at once. */
  tryNow(): void {
    this.#wake()
  }

  async holder(): Promise<LockHolder | undefined> {
    try {
      return parseHolder(await readFile(join(this.#options.directory, 'lock.json'), 'utf8'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  #become(held: HeldLock, newestTerm: number): FileLockHandle {
    const { directory, member, logger } = this.#options
    const noted = readHolderIfAny(join(directory, 'lock.json'))?.term ?? 0
    const term = Math.max(readTerm(held.database), noted, newestTerm) + 1
    if (term > lockLimits.maxTerm)
      throw new FlotillaError('LOCK_TERM', `Cannot take lock ${directory}: the last term ${term - 1} is the largest there is`)
    held.database.exec(`INSERT INTO lock (id, term) VALUES (1, ${term}) ON CONFLICT (id) DO UPDATE SET term = ${term}`)
    const note = writeHolder(directory, { member, term })
    logger.info('Acquired the lock', { directory, term })
    return new FileLockHandle(this.#options, term, held, note)
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, acquireIntervalMs = lockLimits.acquireIntervalMs } = this.#options
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = clock.after(acquireIntervalMs, resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    timer?.cancel()
  }
}

/** A file that is kept open, and where it has to be found. */
interface NotedFile {
  readonly path: string
  readonly device: number
  readonly inode: number
}

interface HeldLock extends NotedFile {
  readonly database: DatabaseSync
}

class FileLockHandle implements LockHandle {
  readonly term: number
  readonly lost: Promise<Error>
  readonly #options: FileLockOptions
  readonly #held: HeldLock
  readonly #note: NotedFile & { readonly descriptor: number }
  #resolveLost: (error: Error) => void = () => {}
  #error: LockLostError | undefined
  #timer: Timer | undefined

  constructor(
    options: FileLockOptions,
    term: number,
    held: HeldLock,
    note: NotedFile & { readonly descriptor: number },
  ) {
    this.#options = options
    this.term = term
    this.#held = held
    this.#note = note
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve))
    this.#keepAlive()
  }

  verify(): void {
    if (this.#error) throw this.#error
    this.#check(this.#held)
    this.#check(this.#note)
  }

  async release(): Promise<void> {
    if (this.#error) return
    this.#error = new LockLostError('it was released')
    this.#close()
    this.#options.logger.info('Released the lock', { directory: this.#options.directory, term: this.term })
  }

  /** Both files stay open, so that their inodes cannot be given to others. */
  #check({ path, device, inode }: NotedFile): void {
    let found
    try {
      found = statSync(path)
    } catch (error) {
      this.#lose(`${path} cannot be found: ${errorMessage(error)}`, error)
    }
    if (found.ino !== inode || found.dev !== device) this.#lose(`${path} was replaced${this.#replacedBy()}`)
  }

  #keepAlive(): void {
    const { clock, keepAlivePeriodMs = lockLimits.keepAlivePeriodMs } = this.#options
    this.#timer = clock.after(keepAlivePeriodMs, () => {
      try {
        this.verify()
        const { term } = parseHolder(readFileSync(this.#note.path, 'utf8'))
        if (term !== this.term) this.#lose(`term ${term} was begun${this.#replacedBy()}`)
        this.#keepAlive()
      } catch (error) {
        if (!this.#error && isError(error)) this.#recordLoss(`it cannot be proven: ${error.message}`, error)
      }
    })
  }

  #lose(state: string, cause?: unknown): never {
    throw this.#recordLoss(state, cause)
  }

  #recordLoss(state: string, cause?: unknown): LockLostError {
    const { directory } = this.#options
    const error = new LockLostError(state, { fields: { directory, term: this.term }, cause })
    this.#error = error
    this.#close()
    this.#options.logger.error('Lost the lock', { error })
    this.#resolveLost(error)
    return error
  }

  #replacedBy(): string {
    const holder = readHolderIfAny(join(this.#options.directory, 'lock.json'))
    return holder && holder.term !== this.term ? ` by ${holder.member} for term ${holder.term}` : ''
  }

  #close(): void {
    this.#timer?.cancel()
    closeSync(this.#note.descriptor)
    this.#held.database.close()
  }
}

/** undefined: somebody else has it. */
function takeLock(path: string): HeldLock | undefined {
  makeFile(path)
  const before = statSync(path)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // EXCLUSIVE keeps the lock after the transaction, EXTRA makes each commit durable including names of files.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA')
    database.exec('BEGIN EXCLUSIVE')
    database.exec('CREATE TABLE IF NOT EXISTS lock (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL)')
    database.exec('COMMIT')
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw error
  }
  // Replaced while it was opened: what is locked is not what the others see.
  const after = statSync(path)
  if (after.ino === before.ino && after.dev === before.dev)
    return { database, path, device: after.dev, inode: after.ino }
  database.close()
  return undefined
}

/** The file exists before it is opened as a database, so that its inode is known. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o640))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED, whatever the details in the upper bits. */
const isBusy = (error: unknown): boolean => {
  const number = isError(error) ? (error as Error & { errcode?: number }).errcode : undefined
  return number !== undefined && [5, 6].includes(number & 0xff)
}

function readTerm(database: DatabaseSync): number {
  const row = database.prepare('SELECT term FROM lock WHERE id = 1').get()
  return typeof row?.['term'] === 'number' ? row['term'] : 0
}

/** Replaces lock.json durably; returns the open file. */
function writeHolder(directory: string, holder: LockHolder): NotedFile & { descriptor: number } {
  const path = join(directory, 'lock.json')
  const temporary = join(directory, `lock.json.${process.pid}`)
  try {
    unlinkSync(temporary)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  const descriptor = openSync(temporary, 'wx+', 0o640)
  try {
    writeSync(descriptor, `${JSON.stringify(holder)}\n`)
    fsyncSync(descriptor)
    renameSync(temporary, path)
    syncDirectory(directory)
    const { dev, ino } = fstatSync(descriptor)
    return { descriptor, path, device: dev, inode: ino }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function parseHolder(text: string): LockHolder {
  const value: unknown = JSON.parse(text)
  const { member, term } = (value ?? {}) as Partial<LockHolder>
  if (typeof member !== 'string' || typeof term !== 'number')
    throw new FlotillaError('LOCK_NOTE', `Cannot read lock.json: expected {"member": text, "term": number}, found ${text.trim()}`)
  return { member, term }
}

/** A damaged note must not keep anybody from taking the lock: it is only for reading. */
function readHolderIfAny(path: string): LockHolder | undefined {
  try {
    return parseHolder(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
