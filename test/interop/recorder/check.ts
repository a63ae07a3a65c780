// The recorder records, and what it records of the newest version our codec reads and writes byte for byte: a part that
// takes seconds, so that the recorder does not rot between two recordings.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { DataStructure, WireFormatInfo } from '../../../broker/wire/openwire/commands.ts'
import { OpenWireCodec } from '../../../broker/wire/openwire/openwire-codec.ts'
import { initialWireFormat, negotiate, type WireFormat } from '../../../broker/wire/openwire/wire-format.ts'
import { valueOf, type TranscriptFrame, type VectorFields } from '../../broker/wire/openwire/spec-vectors.ts'
import { recordConversations } from './record-conversations.ts'
import { recordVectors } from './record-vectors.ts'
import { withRecorderJava } from './recorder-java.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

interface Frame {
  readonly hex: string
  readonly fields: VectorFields
}

interface VectorFile {
  readonly version: number
  readonly tightEncodingEnabled: boolean
  readonly cacheEnabled: boolean
  readonly cacheSize?: number
  readonly vectors: readonly {
    readonly stackTraceEnabled?: boolean
    readonly hex?: string
    readonly frames?: readonly string[]
    readonly fields: VectorFields
  }[]
}

const newestVersion = 12
const shownDifferences = 10
/** One in the encoding of stock clients, one in the loose encoding with messages. */
const checkedScenes = ['connect-default', 'queue-auto-ack']

export async function checkRecorder(report: Report): Promise<void> {
  await withRecorderJava(async (java) => {
    const folder = join(java.scratch, 'recorded')
    await recordVectors(java, folder, [newestVersion])
    for (const encoding of ['loose', 'tight', 'loose-cached', 'tight-cached']) {
      const name = `v${newestVersion}-${encoding}`
      judge(report, name, differencesIn(load(folder, `${name}.json`) as VectorFile))
    }
    const transcripts = join(folder, 'transcripts')
    await recordConversations(java, transcripts, checkedScenes)
    for (const name of checkedScenes) {
      const { frames } = load(transcripts, `${name}.json`) as { frames: readonly TranscriptFrame[] }
      judge(report, `conversation ${name}`, differencesOfConversation(frames))
    }
  })
}

const load = (folder: string, name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

/** A frame that our codec reads or writes in another way is named by its kind. */
function judge(report: Report, name: string, results: readonly (string | null)[]): void {
  const differences = results.filter((result) => result !== null)
  const shown = [...new Set(differences)].slice(0, shownDifferences).join(', ')
  const detail = `${results.length} frames${shown === '' ? '' : `, ${differences.length} unlike: ${shown}`}`
  report(results.length > 0 && differences.length === 0, `recorded anew, ${name}`, detail)
}

function differencesIn(file: VectorFile): (string | null)[] {
  const { version, tightEncodingEnabled, cacheEnabled, cacheSize = 0 } = file
  return file.vectors.flatMap(({ hex, frames, fields, stackTraceEnabled = false }) => {
    const format = { version, tightEncodingEnabled, cacheEnabled, cacheSize, stackTraceEnabled }
    return differences(
      { ...initialWireFormat, ...format },
      (frames ?? [hex!]).map((frame) => ({ hex: frame, fields })),
    )
  })
}

/** Of one connection. */
function differencesOfConversation(frames: readonly TranscriptFrame[]): (string | null)[] {
  const infos = frames.filter(({ fields }) => fields._type === 'WireFormatInfo')
  const [first, second] = infos.map(({ fields }) => valueOf(fields) as WireFormatInfo)
  const format = negotiate(first!, second!)
  const rest = frames.filter((frame) => !infos.includes(frame))
  return [
    ...differences(initialWireFormat, infos),
    ...['C>B', 'B>C'].flatMap((direction) =>
      differences(
        format,
        rest.filter(({ dir }) => dir === direction),
      ),
    ),
  ]
}

/** Frames of one direction, in order: null for each that our codec agrees with. */
function differences(format: WireFormat, frames: readonly Frame[]): (string | null)[] {
  const codec = new OpenWireCodec(format)
  return frames.map(({ hex, fields }) => {
    try {
      const decoded = codec.decode(Buffer.from(hex, 'hex').subarray(4))
      if (!isDeepStrictEqual(decoded, valueOf(fields))) return `${fields._type} read`
      return codec.encode(decoded as DataStructure).toString('hex') === hex ? null : `${fields._type} written`
    } catch (error) {
      return `${fields._type} refused (${String(error)})`
    }
  })
}
