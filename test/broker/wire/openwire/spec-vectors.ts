// Loads the recorded OpenWire frames that lie next to the repository, and turns their fields into our values.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DataStructure, Long, Throwable } from '../../../../broker/wire/openwire/commands.ts'
import { wireFields } from '../../../../broker/wire/openwire/schema.ts'

const spec = process.env['FLOTILLA_SPEC'] ?? join(import.meta.dirname, '../../../../../shared/spec')
const folder = join(spec, 'openwire-vectors')

export const vectorsPresent = existsSync(folder)

export type VectorFields = Readonly<Record<string, unknown>> & { readonly _type: string }

export const loadVectorFile = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

export const vectorFileNames = (): string[] =>
  vectorsPresent ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []

export const transcriptNames = (): string[] => (vectorsPresent ? readdirSync(join(folder, 'transcripts')) : [])

export interface TranscriptFrame {
  readonly conn: number
  readonly dir: 'C>B' | 'B>C'
  readonly summary: string
  readonly hex: string
  readonly fields: VectorFields
}

export const loadTranscript = (name: string): readonly TranscriptFrame[] =>
  (loadVectorFile(join('transcripts', name)) as { frames: TranscriptFrame[] }).frames

/** The value that a recorded structure stands for; fields that its version lacks have their empty value. */
export function valueOf(fields: VectorFields): DataStructure {
  const value: Record<string, unknown> = { kind: fields._type }
  for (const { name, kind } of wireFields(fields._type)) {
    const given = fields[name]
    if (given === undefined) {
      value[name] = emptyOf(fields._type, name, kind)
      continue
    }
    value[name] = kind === 'long' ? longOf(given as string) : convert(given)
  }
  return value as unknown as DataStructure
}

function emptyOf(type: string, name: string, kind: string): unknown {
  if (type === 'RemoveInfo' && name === 'lastDeliveredSequenceId') return -2
  if (kind === 'bool') return false
  return kind === 'int' || kind === 'long' || kind === 'byte' ? 0 : null
}

function longOf(text: string): Long {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function convert(given: unknown): unknown {
  if (given === null || typeof given !== 'object') return given
  if (Array.isArray(given)) return given.map(convert)
  const object = given as Record<string, unknown>
  if (typeof object['$hex'] === 'string') return Buffer.from(object['$hex'], 'hex')
  if (object['$throwable'] !== undefined) return throwableOf(object['$throwable'] as Record<string, unknown>)
  return valueOf(object as VectorFields)
}

function throwableOf(given: Record<string, unknown>): Throwable {
  const elements = (given['stackTrace'] ?? []) as Record<string, unknown>[]
  const cause = given['cause'] as { $throwable: Record<string, unknown> } | null | undefined
  return {
    className: given['class'] as string | null,
    message: given['message'] as string | null,
    stackTrace: elements.map((element) => ({
      className: element['className'] as string | null,
      methodName: element['methodName'] as string | null,
      fileName: element['fileName'] as string | null,
      lineNumber: element['line'] as number,
    })),
    cause: cause ? throwableOf(cause.$throwable) : null,
  }
}
