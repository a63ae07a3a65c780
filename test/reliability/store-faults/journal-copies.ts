// Whether several journals are copies of one: every segment that two of them have begins with the same bytes, and is the same where neither has
// more. What is set aside behind what was written is zeros, and counts for nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSegmentFileName, parseTermDirectoryName } from '../../../broker/journal/format.ts'

/** What differs, for people. */
export function copyFaults(journals: readonly string[]): string[] {
  const faults: string[] = []
  const all = journals.map((journal) => ({ journal, segments: segmentsOf(journal, faults) }))
  for (const [index, one] of all.entries())
    for (const other of all.slice(index + 1)) {
      const common = [...one.segments.keys()].filter((number) => other.segments.has(number))
      if (common.length === 0) faults.push(`${one.journal} and ${other.journal} have no segment in common`)
      for (const number of common) {
        const at = firstDifference(one.segments.get(number)!, other.segments.get(number)!)
        if (at !== undefined)
          faults.push(`segment ${number} differs at ${at} between ${one.journal} and ${other.journal}`)
      }
    }
  return faults
}

/** Of the beginnings; undefined: the shorter one is the beginning of the longer one. */
function firstDifference(one: Buffer, other: Buffer): number | undefined {
  const length = Math.min(one.length, other.length)
  if (one.subarray(0, length).equals(other.subarray(0, length))) return undefined
  return one.findIndex((byte, at) => byte !== other[at])
}

function segmentsOf(journal: string, faults: string[]): ReadonlyMap<number, Buffer> {
  const terms = readdirSync(journal).filter((name) => parseTermDirectoryName(name) !== undefined)
  if (terms.length !== 1) faults.push(`${journal} has ${terms.length} terms: ${terms.join(', ')}`)
  const segments = new Map<number, Buffer>()
  for (const term of terms)
    for (const name of readdirSync(join(journal, term))) {
      const number = parseSegmentFileName(name)
      if (number !== undefined) segments.set(number, withoutZeros(readFileSync(join(journal, term, name))))
    }
  return segments
}

function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}
