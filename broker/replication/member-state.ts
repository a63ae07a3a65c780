// What a member has promised, in a file beside its journal:
//
//   <journal>/promise      one line of JSON {promised, candidate, isVoter}, a blank, and the checksum of the line in eight hexadecimal digits
//
// Written anew as a whole: a temporary file, synced, takes its name. A file that cannot be read is damage and not an empty member: what it
// had promised must not be forgotten. One that is missing beside a journal, or is older than that, is found out by who opens that (member-journal.ts).
import { crc32 } from '../base/crc32.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { loadFile } from '../journal/segment-table.ts'
import type { DurableState } from './core.ts'

export const memberStateFile = 'promise'
const newFileName = 'promise.new'

export const emptyMember: DurableState = { promised: 0, candidate: null, isVoter: false }

/** `emptyMember` when there is none. Rejects with REPLICATION_STATE for one that is damaged. */
export async function loadMemberState(disk: Disk, directory: string): Promise<DurableState> {
  const path = `${directory}/${memberStateFile}`
  const bytes = await loadFile(disk, path)
  if (!bytes) return emptyMember
  const state = decodeMemberState(bytes.toString())
  if (state) return state
  throw new FlotillaError(
    'REPLICATION_STATE',
    `Cannot read ${path}: it is damaged, so nobody knows what this member has promised. Empty its data directory; it gets everything anew from the active`,
    { fields: { path } },
  )
}

export async function saveMemberState(disk: Disk, directory: string, state: DurableState): Promise<void> {
  const path = `${directory}/${newFileName}`
  if (await disk.exists(path)) await disk.remove(path)
  const file = await disk.open(path, 'create')
  try {
    await file.writeDurably([Buffer.from(encodeMemberState(state))], 0)
  } finally {
    await file.close()
  }
  await disk.rename(path, `${directory}/${memberStateFile}`)
  await disk.syncDirectory(directory)
}

function encodeMemberState({ promised, candidate, isVoter }: DurableState): string {
  const line = JSON.stringify({ promised, candidate, isVoter })
  return `${line} ${checksum(line)}\n`
}

const checksum = (line: string): string => crc32(Buffer.from(line)).toString(16).padStart(8, '0')

function decodeMemberState(text: string): DurableState | undefined {
  const [, line, sum] = /^(\{.*\}) ([0-9a-f]{8})\n$/.exec(text) ?? []
  if (line === undefined || sum !== checksum(line)) return undefined
  return JSON.parse(line) as DurableState
}
