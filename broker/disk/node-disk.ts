// The real disk. Errors are those of Node (ENOSPC, EIO, ENOENT, …), unchanged.
//
// A durable write is one trip through the thread pool, because its descriptor is a synchronous one (O_DSYNC): the system writes
// and syncs in one call. Measured on ext4 with one writer of 1.3 kB after the other: 8 to 11 % more writes at 0.8 to 0.9 of the CPU of a
// write and a sync. A thread of its own that is woken by Atomics came to the same; synchronous calls are faster, and would
// hold up everybody else while a volume does not answer.
//
// ext4 is asked again after a sync, in two cases.
//
// The file grew: when an error has made ext4 abort its journal, and until it is read-only some milliseconds later, it answers
// the sync of such a file with success although the new length will never be on the disk (Linux 6.18, on volumes that went
// read-only while one record after the other was synced: 43 of 200 lost one that way). The next change of an inode makes it
// notice, and the one after that is refused: with one change after each sync it was 7 of 200, with two none.
//
// The file system is read-only by now: some kernels answer a sync with success then, and write nothing (ext4_sync_file of
// Linux before its "emergency" state).
import {
  accessSync,
  close,
  constants,
  existsSync,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  futimes,
  mkdir,
  open,
  read,
  readdir,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
  writev,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { errorCode } from '../base/errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import { diskLimits } from './limits.ts'

const closeFile = promisify(close)
const openFile = promisify(open)
const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)
const touch = promisify(futimes)

/** f_type of statfs. */
const ext4 = 0xef53

const zeros = Buffer.alloc(diskLimits.zerosBytes)

const access = { create: constants.O_RDWR, existing: constants.O_RDWR, read: constants.O_RDONLY } as const
const openDescriptors = '/proc/self/fd'
const hasOpenDescriptors = existsSync(openDescriptors)

export const nodeDisk: Disk = {
  async open(path, mode) {
    const descriptor = await openFile(
      path,
      mode === 'create' ? access.create | constants.O_CREAT | constants.O_EXCL : access[mode],
      0o640,
    )
    return new NodeFile(path, mode, descriptor, mode === 'create' && (await isOnExt4(path)))
  },
  list: promisify(readdir),
  async exists(path) {
    try {
      await promisify(stat)(path)
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    }
  },
  rename: promisify(rename),
  remove: promisify(unlink),
  /** Not with Node's `recursive`: where a directory is there but takes no other (/proc), that tries again for ever. */
  async makeDirectory(path) {
    if (await isDirectory(path)) return
    await this.makeDirectory(dirname(path))
    try {
      await promisify(mkdir)(path, { mode: 0o750 })
    } catch (error) {
      // Somebody may have been faster.
      if (errorCode(error) !== 'EEXIST' || !(await isDirectory(path))) throw error
    }
  },
  removeDirectory: promisify(rmdir),
  async syncDirectory(directory) {
    const descriptor = await openFile(directory, constants.O_RDONLY)
    try {
      await syncAll(descriptor)
    } finally {
      await closeFile(descriptor)
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await promisify(statfs)(path)
    return bavail * bsize
  },
}

/** False also when nothing is there. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await promisify(stat)(path)).isDirectory()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

class NodeFile implements DiskFile {
  readonly #path: string
  readonly #mode: keyof typeof access
  readonly #descriptor: number
  readonly #asksAgain: boolean
  /** For durable writes; opened with the first. */
  #durable: Promise<number> | undefined
  /** As far as it was written through here. */
  #length = 0
  /** It has become longer since the last sync. */
  #grew = false

  constructor(path: string, mode: keyof typeof access, descriptor: number, asksAgain: boolean) {
    this.#path = path
    this.#mode = mode
    this.#descriptor = descriptor
    this.#asksAgain = asksAgain
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    const end = position + lengthOf(buffers)
    if (end > this.#length) {
      this.#length = end
      this.#grew = true
    }
    await writeAll(this.#descriptor, buffers, position)
  }

  async writeDurably(buffers: readonly Buffer[], position: number): Promise<void> {
    this.#durable ??= openFile(reopening(this.#path, this.#descriptor), access[this.#mode] | constants.O_DSYNC)
    const descriptor = await this.#durable
    await writeAll(descriptor, buffers, position)
    const end = position + lengthOf(buffers)
    const grew = end > this.#length
    if (grew) this.#length = end
    if (this.#asksAgain && (grew || !isWritable(this.#path))) await askAgain(descriptor)
  }

  async read(position: number, length: number, into?: Buffer): Promise<Buffer> {
    const buffer = into && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      const count = await this.#read(buffer, filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return buffer.subarray(0, filled)
  }

  async sync(): Promise<void> {
    const grew = this.#grew
    this.#grew = false
    await syncData(this.#descriptor)
    if (this.#asksAgain && (grew || !isWritable(this.#path))) await askAgain(this.#descriptor)
  }

  async size(): Promise<number> {
    const { size } = await promisify(fstat)(this.#descriptor)
    return size
  }

  truncate(size: number): Promise<void> {
    this.#length = Math.min(this.#length, size)
    return promisify(ftruncate)(this.#descriptor, size)
  }

  /** With a descriptor of its own: the system tells each of them once of an error of writing back. */
  async preallocate(from: number, to: number): Promise<void> {
    const descriptor = await openFile(this.#path, constants.O_WRONLY | constants.O_DSYNC)
    try {
      for (let at = from; at < to; at += zeros.length)
        await writeAll(descriptor, [zeros.subarray(0, Math.min(zeros.length, to - at))], at)
      if (this.#asksAgain) await askAgain(descriptor)
    } finally {
      await closeFile(descriptor)
    }
    this.#length = Math.max(this.#length, to)
  }

  async close(): Promise<void> {
    const durable = await this.#durable?.catch(() => undefined)
    if (durable !== undefined) await closeFile(durable)
    await closeFile(this.#descriptor)
  }

  #read(buffer: Buffer, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#descriptor, buffer, offset, buffer.length - offset, position, (error, count) => {
        if (error) reject(error)
        else resolve(count)
      })
    })
  }
}

/** A short write is legal; the rest is written again until an error says why it does not fit. */
function writeAll(descriptor: number, buffers: readonly Buffer[], position: number): Promise<void> {
  const length = lengthOf(buffers)
  return new Promise((resolve, reject) => {
    writev(descriptor, buffers, position, (error, written) => {
      if (error) return reject(error)
      if (written === length) return resolve()
      writeAll(descriptor, behind(buffers, written), position + written).then(resolve, reject)
    })
  })
}

function lengthOf(buffers: readonly Buffer[]): number {
  let length = 0
  for (const buffer of buffers) length += buffer.length
  return length
}

/** What opens the same file once more, whatever its name is by now, where the system can do that. */
const reopening = (path: string, descriptor: number): string =>
  hasOpenDescriptors ? `${openDescriptors}/${descriptor}` : path

/**
 * Whether the file system takes writes, as far as Linux says so without any of the disk: this takes a microsecond, half of what
 * it takes by the descriptor. Where the file has no such name any more, it is not known.
 */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function askAgain(descriptor: number): Promise<void> {
  const nowSeconds = Date.now() / 1000
  await touch(descriptor, nowSeconds, nowSeconds)
  await touch(descriptor, nowSeconds, nowSeconds)
}

/** Where that cannot be told there is no reason for more than one question. */
const isOnExt4 = (path: string): Promise<boolean> =>
  promisify(statfs)(path).then(
    ({ type }) => type === ext4,
    () => false,
  )

/** What is left of `buffers` behind the first `count` bytes. */
function behind(buffers: readonly Buffer[], count: number): Buffer[] {
  let skipped = count
  const rest: Buffer[] = []
  for (const buffer of buffers) {
    if (skipped >= buffer.length) {
      skipped -= buffer.length
      continue
    }
    rest.push(buffer.subarray(skipped))
    skipped = 0
  }
  return rest
}
