// Decides how much of the newest segment counts (format.ts, rule 1), and makes that much durable: what a dead writer left
// in the memory of the operating system is not yet on the disk.
import type { Disk } from '../disk/disk.ts'
import { preambleEndType, segmentFileName, type SegmentHeader } from './format.ts'
import { scanSegment, type ScanResult } from './segment-scan.ts'
import { withFile } from './segment-table.ts'

export interface Tail {
  readonly file: string
  /** How much of the segment counts. */
  readonly length: number
  /** Bytes that were written behind it. */
  readonly cutBytes: number
  readonly hasPreamble: boolean
}

export async function findTail(disk: Disk, termDirectory: string, header: SegmentHeader): Promise<Tail> {
  const name = segmentFileName(header.number)
  const file = await disk.open(`${termDirectory}/${name}`, 'existing')
  try {
    const size = await file.size()
    let preambleEnd = Number.POSITIVE_INFINITY
    const options = { file, salt: header.salt, from: header.length, to: size, stopAtDamage: false, toEndOfFile: true }
    const result = await scanSegment(options, ({ type, position }) => {
      if (type === preambleEndType) preambleEnd = position
    })
    const length = tailLength(result)
    await file.sync()
    return { file: name, length, cutBytes: Math.max(0, result.usedTo - length), hasPreamble: preambleEnd < length }
  } finally {
    await file.close()
  }
}

/** The first damage that reaches beyond what was certainly synced is where the tail is torn. */
export function tailLength({ end, syncedTo, damage }: ScanResult): number {
  const torn = damage.find(({ to }) => to > syncedTo)
  return torn ? torn.from : end
}

/** Whether the preamble of a segment can be read up to its end. */
export async function hasPreamble(
  disk: Disk,
  termDirectory: string,
  { number, salt, length }: Pick<SegmentHeader, 'number' | 'salt' | 'length'>,
): Promise<boolean> {
  return withFile(disk, `${termDirectory}/${segmentFileName(number)}`, async (file) => {
    let found = false
    const options = { file, salt, from: length, to: await file.size(), stopAtDamage: true, toEndOfFile: true }
    await scanSegment(options, ({ type }) => {
      found ||= type === preambleEndType
    })
    return found
  })
}
