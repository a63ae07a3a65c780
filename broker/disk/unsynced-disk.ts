// A disk for what need not survive the process: nothing is synced, and no space is set aside, which would only be written
// twice. What was written can be read, from memory as long as the system keeps it there.
import type { Disk, DiskFile } from './disk.ts'

export const unsyncedDisk = (disk: Disk): Disk => ({
  open: async (path, mode) => new UnsyncedFile(await disk.open(path, mode)),
  list: (directory) => disk.list(directory),
  exists: (path) => disk.exists(path),
  rename: (from, to) => disk.rename(from, to),
  remove: (path) => disk.remove(path),
  makeDirectory: (path) => disk.makeDirectory(path),
  removeDirectory: (path) => disk.removeDirectory(path),
  syncDirectory: async () => {},
  freeBytes: (path) => disk.freeBytes(path),
})

export class UnsyncedFile implements DiskFile {
  readonly #file: DiskFile

  constructor(file: DiskFile) {
    this.#file = file
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return this.#file.write(buffers, position)
  }

  writeDurably(buffers: readonly Buffer[], position: number): Promise<void> {
    return this.#file.write(buffers, position)
  }

  read(position: number, length: number, into?: Buffer): Promise<Buffer> {
    return this.#file.read(position, length, into)
  }

  async sync(): Promise<void> {}

  size(): Promise<number> {
    return this.#file.size()
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size)
  }

  async preallocate(): Promise<void> {}

  close(): Promise<void> {
    return this.#file.close()
  }
}
