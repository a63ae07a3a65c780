// The disk as a port: what the journal asks of a file system. The rim is node-disk.ts; what every disk does is told by
// test/contract/disk.ts.

export interface DiskFile {
  /** Writes all buffers at `position`, in order, as one vectored write. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /**
   * The same, and they are on stable storage when it resolves; what else was written to the file need not be. When it rejects
   * nobody knows what of them is: with ENOSPC all of it can be written again at the same place.
   */
  writeDurably(buffers: readonly Buffer[], position: number): Promise<void>
  /** Reads up to `length` bytes, into `into` if that has room for them; shorter at the end of the file. */
  read(position: number, length: number, into?: Buffer): Promise<Buffer>
  /** Resolves when everything written is on stable storage (fdatasync). */
  sync(): Promise<void>
  size(): Promise<number>
  truncate(size: number): Promise<void>
  /**
   * Makes the file longer, from its present end `from` to `to`, with zeros that are on stable storage when it resolves: what is
   * written there later changes no length. Writes and syncs in front of `from` may go on meanwhile; an error is told here and
   * does not hide one from them.
   */
  preallocate(from: number, to: number): Promise<void>
  close(): Promise<void>
}

export interface Disk {
  /** Opens for reading and writing; 'create' fails if it exists, 'existing' fails if it does not. */
  open(path: string, mode: 'create' | 'existing' | 'read'): Promise<DiskFile>
  list(directory: string): Promise<readonly string[]>
  exists(path: string): Promise<boolean>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  makeDirectory(path: string): Promise<void>
  /** Only an empty one. */
  removeDirectory(path: string): Promise<void>
  /** Makes created, renamed and removed entries of a directory durable. */
  syncDirectory(directory: string): Promise<void>
  /** Free bytes for this process on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>
}
