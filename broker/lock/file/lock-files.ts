// The two files of a shared directory's lock (file-lock.ts says what they mean): taking, noting, and proving them.
//
// What may wait for a volume that does not answer is asynchronous, so that the event loop goes on; only the database is
// not, which is why `takeLock` and `awaitWritable` first ask the volume whether it answers.
import type { Stats } from 'node:fs'
import { access, constants, open, readFile, rename, stat, statfs, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { errorCode, errorMessage, FlotillaError, isError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { LockHolder } from '../lock.ts'

const databasePath = (directory: string): string => join(directory, 'lock.sqlite')
export const notePath = (directory: string): string => join(directory, 'lock.json')

/** A file that is kept open, so that its inode cannot be given to another, and where it has to be found. */
export interface NotedFile {
  readonly path: string
  readonly device: number
  readonly inode: number
}

export interface HeldLock extends NotedFile {
  readonly database: DatabaseSync
  /** The last one that it has. */
  readonly lastTerm: number
}

export interface HolderNote extends NotedFile {
  readonly file: Awaited<ReturnType<typeof open>>
}

export const isSameFile = ({ dev, ino }: Stats, { device, inode }: NotedFile): boolean =>
  dev === device && ino === inode

/** f_type of file systems that answer `stat` of an open file from memory, and for which nobody else changes anything. */
const localFileSystems: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x01021994, // tmpfs
  0x794c7630, // overlay
])

/** Others are taken for network file systems: asked in the background, past their caches. */
export const isLocal = async (directory: string): Promise<boolean> =>
  localFileSystems.has((await statfs(directory)).type)

/** undefined: somebody else has it. A file that is no database is put aside: the term is known from elsewhere, too. */
export async function takeLock(directory: string, logger: Logger): Promise<HeldLock | undefined> {
  const path = databasePath(directory)
  const before = await statOrMake(path)
  const database = new DatabaseSync(path, { timeout: 0 })
  let lastTerm
  try {
    // EXCLUSIVE keeps the lock after the transaction, FULL makes each commit durable. A rollback journal in a file would
    // cost three more syncs in every failover: should a crash tear the pages that are written, the file is put aside.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    lastTerm = loadTerm(database)
  } catch (error) {
    database.close()
    if (hasSqliteCode(error, [sqlite.busy, sqlite.locked])) return undefined
    // The file system says better whether that is for ever.
    if (hasSqliteCode(error, [sqlite.readOnly])) await access(path, constants.W_OK)
    if (!hasSqliteCode(error, [sqlite.corrupt, sqlite.notADatabase])) throw error
    await putAside(path, before, logger, error)
    return undefined
  }
  // Replaced while it was opened: what is locked is not what the others see.
  const after = await stat(path).catch(() => undefined)
  if (after && after.ino === before.ino && after.dev === before.dev)
    return { database, lastTerm, path, device: after.dev, inode: after.ino }
  database.close()
  return undefined
}

/** A volume that does not take writes is waited for here and not in the database. */
export async function awaitWritable({ path }: HeldLock): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
}

/** Durable when it returns. */
export function saveTerm({ database }: HeldLock, term: number): void {
  database.exec('CREATE TABLE IF NOT EXISTS lock (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL)')
  database.exec(`INSERT INTO lock (id, term) VALUES (1, ${term}) ON CONFLICT (id) DO UPDATE SET term = ${term}`)
}

/** Replaces lock.json durably; it stays open. */
export async function writeHolder(directory: string, holder: LockHolder): Promise<HolderNote> {
  const path = notePath(directory)
  const temporary = `${path}.${process.pid}`
  await unlink(temporary).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
  const file = await open(temporary, 'wx+', 0o640)
  try {
    await file.writeFile(`${JSON.stringify(holder)}\n`)
    await rename(temporary, path)
    // Both at a time, as every failover waits for them: a crash in between leaves a note that nobody can read.
    const named = syncDirectory(directory)
    named.catch(() => {})
    await file.sync()
    await named
    const { dev, ino } = await file.stat()
    return { file, path, device: dev, inode: ino }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const file = await open(directory, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export async function loadHolder(directory: string): Promise<LockHolder | undefined> {
  try {
    return parseHolder(await readFile(notePath(directory), 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** For those who only want to tell of it. */
export const loadHolderIfAny = (directory: string): Promise<LockHolder | undefined> =>
  loadHolder(directory).catch(() => undefined)

/** A damaged note must not keep anybody from taking the lock; one that the volume does not give might be somebody else's. */
export async function loadFormerHolder(directory: string): Promise<LockHolder | undefined> {
  try {
    return await loadHolder(directory)
  } catch (error) {
    const isDamaged = errorCode(error) === undefined || errorCode(error) === 'LOCK_NOTE'
    if (isDamaged) return undefined
    throw error
  }
}

/** Opening asks a network file system's server where `stat` may answer from a cache. Not for the database: see file-lock.ts. */
export async function statByOpening(path: string): Promise<Stats> {
  const file = await open(path, 'r')
  try {
    return await file.stat()
  } finally {
    await file.close()
  }
}

/** The volume is gone, read-only, full or failing: somebody may repair it, unlike a wrong path or missing rights. */
export const isVolumeTrouble = (error: unknown): boolean =>
  ['EROFS', 'EIO', 'ESTALE', 'ENOSPC', 'EDQUOT', 'ETIMEDOUT', 'ENOTCONN', 'ESHUTDOWN'].includes(
    errorCode(error) ?? '',
  ) || hasSqliteCode(error, [sqlite.readOnly, sqlite.ioError, sqlite.full])

/** https://sqlite.org/rescode.html */
const sqlite = { busy: 5, locked: 6, readOnly: 8, ioError: 10, corrupt: 11, full: 13, notADatabase: 26 } as const

/** Whatever the details in the upper bits. */
function hasSqliteCode(error: unknown, codes: readonly number[]): boolean {
  const number = isError(error) ? (error as Error & { errcode?: number }).errcode : undefined
  return number !== undefined && codes.includes(number & 0xff)
}

/** 0 in a file that was just made. */
function loadTerm(database: DatabaseSync): number {
  if (!database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'lock'").get()) return 0
  const row = database.prepare('SELECT term FROM lock WHERE id = 1').get()
  return typeof row?.['term'] === 'number' ? row['term'] : 0
}

/** The file exists before it is opened as a database, so that its inode is known. Made only when it is not there, as even an
 * attempt waits while the volume takes no writes. */
async function statOrMake(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  try {
    const file = await open(path, 'wx', 0o640)
    await file.close()
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  return stat(path)
}

async function putAside(path: string, damaged: Stats, logger: Logger, error: unknown): Promise<void> {
  const { ino } = await stat(path)
  if (ino !== damaged.ino) return
  const aside = `${path}.damaged-${ino}`
  await rename(path, aside)
  logger.error('Put a damaged lock aside', { file: path, aside, reason: errorMessage(error) })
}

function parseHolder(text: string): LockHolder {
  const value: unknown = JSON.parse(text)
  const { brokerName, member, term, watchUrl } = (value ?? {}) as Partial<LockHolder>
  if (typeof member !== 'string' || typeof term !== 'number')
    throw new FlotillaError(
      'LOCK_NOTE',
      `Cannot read lock.json: expected {"member": text, "term": number}, found ${text.trim()}`,
    )
  return {
    ...(typeof brokerName === 'string' && { brokerName }),
    member,
    term,
    ...(typeof watchUrl === 'string' && { watchUrl }),
  }
}
