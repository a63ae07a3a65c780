// What the disk allows: how often a single writer can append a record and have it synced, as the plainest program does it.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface SyncRate {
  readonly perSecond: number
  /** Into a file that had its size before: no metadata has to be written. */
  readonly preallocatedPerSecond: number
  /** At the end of a file that grows. */
  readonly growingPerSecond: number
}

const probeMs = 1000
const preallocatedBytes = 32 * 2 ** 20

export function measureSyncRate(directory: string, recordBytes: number): SyncRate {
  const preallocatedPerSecond = probe(join(directory, 'probe-preallocated'), recordBytes, preallocatedBytes)
  const growingPerSecond = probe(join(directory, 'probe-growing'), recordBytes, 0)
  return {
    preallocatedPerSecond,
    growingPerSecond,
    perSecond: Math.max(preallocatedPerSecond, growingPerSecond),
  }
}

function probe(path: string, recordBytes: number, preallocate: number): number {
  const record = Buffer.alloc(recordBytes, 0x5a)
  const file = openSync(path, 'w')
  try {
    if (preallocate > 0) writeSync(file, Buffer.alloc(preallocate, 1))
    fdatasyncSync(file)
    const startedAt = performance.now()
    let syncs = 0
    for (; performance.now() - startedAt < probeMs; syncs++) {
      writeSync(
        file,
        record,
        0,
        recordBytes,
        preallocate > 0 ? (syncs * recordBytes) % preallocate : syncs * recordBytes,
      )
      fdatasyncSync(file)
    }
    return (syncs / (performance.now() - startedAt)) * 1000
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
