// Decides how much of the newest segment counts (format.ts, rule 1), and makes that much durable: what a dead writer left
// in the memory of the operating system is not yet on the disk.
import type { Disk } from '../disk/disk.ts'
import { segmentFileName, type SegmentHeader } from './format.ts'
import { scanSegment, type ScanResult } from './segment-scan.ts'

export interface Tail {
  readonly file: string
  /** How much of the segment counts. */
  readonly length: number
  readonly cutBytes: number
}

export async function findTail(disk: Disk, termDirectory: string, header: SegmentHeader): Promise<Tail> {
  const name = segmentFileName(header.number)
  const file = await disk.open(`${termDirectory}/${name}`, 'existing')
  try {
    const size = await file.size()
    const options = { file, salt: header.salt, from: header.length, to: size, stopAtDamage: false }
    const length = tailLength(await scanSegment(options, () => {}))
    await file.sync()
    return { file: name, length, cutBytes: size - length }
  } finally {
    await file.close()
  }
}

/** The first damage that reaches beyond what was certainly synced is where the tail is torn. */
export function tailLength({ end, syncedTo, damage }: ScanResult): number {
  const torn = damage.find(({ to }) => to > syncedTo)
  return torn ? torn.from : end
}
