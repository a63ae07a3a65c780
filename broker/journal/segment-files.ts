// Segments opened for reading: as many as stay open are bounded, and none is closed while somebody reads from it.
import { errorMessage } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { segmentFileName } from './format.ts'
import { journalLimits } from './limits.ts'

interface OpenFile {
  readonly file: Promise<DiskFile>
  readers: number
  /** Close it with the last reader. */
  dropped: boolean
}

export class SegmentFiles {
  readonly #disk: Disk
  readonly #directory: string
  /** In order of last use. */
  readonly #open = new Map<number, OpenFile>()

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  async read(number: number, position: number, length: number): Promise<Buffer> {
    const open = this.#take(number)
    open.readers++
    try {
      const file = await open.file
      return await file.read(position, length)
    } catch (error) {
      this.drop(number)
      throw error
    } finally {
      open.readers--
      if (open.dropped && open.readers === 0) void closeQuietly(open)
    }
  }

  drop(number: number): void {
    const open = this.#open.get(number)
    if (!open) return
    this.#open.delete(number)
    open.dropped = true
    if (open.readers === 0) void closeQuietly(open)
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()]
    this.#open.clear()
    for (const open of files) {
      open.dropped = true
      if (open.readers === 0) await closeQuietly(open)
    }
  }

  #take(number: number): OpenFile {
    const known = this.#open.get(number)
    if (known) {
      this.#open.delete(number)
      this.#open.set(number, known)
      return known
    }
    if (this.#open.size >= journalLimits.openFiles) {
      const oldest = this.#open.keys().next()
      if (!oldest.done) this.drop(oldest.value)
    }
    const file = this.#disk.open(`${this.#directory}/${segmentFileName(number)}`, 'read')
    const open = { file, readers: 0, dropped: false }
    this.#open.set(number, open)
    return open
  }
}

/** A file that was only read has nothing to lose. */
async function closeQuietly({ file }: OpenFile): Promise<string | undefined> {
  try {
    const opened = await file
    await opened.close()
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}
