// The real disk. Errors are those of Node (ENOSPC, EIO, ENOENT, …), unchanged.
//
// ext4 is asked again after each sync. When an error has made it abort its journal, and until it is read-only some
// milliseconds later, it answers the sync of a file that grew with success although the new length will never be on the disk
// (Linux 6.18, on volumes that went read-only while one record after the other was synced: 43 of 200 lost one that way). The
// next change of an inode makes it notice, and the one after that is refused: with one change after each sync it was 7 of
// 200, with two none.
import {
  close,
  constants,
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
  stat,
  statfs,
  unlink,
  writev,
} from 'node:fs'
import { promisify } from 'node:util'
import { errorCode } from '../base/errors.ts'
import type { Disk, DiskFile } from './disk.ts'

const closeFile = promisify(close)
const openFile = promisify(open)
const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)
const touch = promisify(futimes)

/** f_type of statfs. */
const ext4 = 0xef53

const flags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  existing: constants.O_RDWR,
  read: constants.O_RDONLY,
} as const

export const nodeDisk: Disk = {
  async open(path, mode) {
    const descriptor = await openFile(path, flags[mode], 0o640)
    return new NodeFile(descriptor, mode === 'create' && (await isOnExt4(path)))
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
  async makeDirectory(path) {
    await promisify(mkdir)(path, { recursive: true, mode: 0o750 })
  },
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

class NodeFile implements DiskFile {
  readonly #descriptor: number
  readonly #asksAgain: boolean

  constructor(descriptor: number, asksAgain: boolean) {
    this.#descriptor = descriptor
    this.#asksAgain = asksAgain
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return new Promise((resolve, reject) => this.#write([...buffers], position, resolve, reject))
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
    await syncData(this.#descriptor)
    if (!this.#asksAgain) return
    const nowSeconds = Date.now() / 1000
    await touch(this.#descriptor, nowSeconds, nowSeconds)
    await touch(this.#descriptor, nowSeconds, nowSeconds)
  }

  async size(): Promise<number> {
    const { size } = await promisify(fstat)(this.#descriptor)
    return size
  }

  truncate(size: number): Promise<void> {
    return promisify(ftruncate)(this.#descriptor, size)
  }

  close(): Promise<void> {
    return closeFile(this.#descriptor)
  }

  /** A short write is legal; the rest is written again until an error says why it does not fit. */
  #write(buffers: Buffer[], position: number, resolve: () => void, reject: (error: Error) => void): void {
    writev(this.#descriptor, buffers, position, (error, written) => {
      if (error) return reject(error)
      const rest = behind(buffers, written)
      if (rest.length === 0) resolve()
      else this.#write(rest, position + written, resolve, reject)
    })
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
