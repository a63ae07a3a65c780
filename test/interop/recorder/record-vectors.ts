// Records what ActiveMQ's own marshaller classes make of commands, without any connection.
import { mkdirSync } from 'node:fs'
import type { RecorderJava } from './recorder-java.ts'

/** What clients speak (NMS 10, CMS 11, Java 12), the oldest, and two between; the tests know the files by name. */
export const recordedVersions = [1, 6, 9, 10, 11, 12] as const

export interface VectorCounts {
  readonly frames: number
  /** Commands that ActiveMQ could not marshal in some version, or not read again without loss: those are left out. */
  readonly leftOut: readonly string[]
}

/** Writes v*.json, sequences.json and primitives.json. */
export async function recordVectors(
  java: RecorderJava,
  folder: string,
  versions: readonly number[] = recordedVersions,
): Promise<VectorCounts> {
  mkdirSync(folder, { recursive: true })
  const run = java.start('RecordVectors', java.table, folder, ...versions.map(String))
  const line = await run.line((said) => said.startsWith('recorded '))
  await run.ended
  const leftOut = run.lines.flatMap((said) => /^(?:refused|lossy) (\S+)/.exec(said)?.[1] ?? [])
  return { frames: Number(line.split(' ')[1]), leftOut: [...new Set(leftOut)] }
}
