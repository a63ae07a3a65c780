// Real frames of stock clients out of the recorded vectors and transcripts, as material for mutations; none when the
// recordings are not there (see spec-vectors.ts).
import {
  loadTranscript,
  loadVectorFile,
  transcriptNames,
  vectorFileNames,
} from '../broker/wire/openwire/spec-vectors.ts'
import type { Encoding } from './strangers.ts'

interface VectorFile {
  readonly vectors: readonly { readonly hex?: string; readonly frames?: readonly string[] }[]
}

/** With their size prefix. Transcripts are of tight conversations, mostly; wrong ones are welcome too. */
export function recordedFrames(encoding: Encoding): Buffer[] {
  const files = vectorFileNames().filter((name) => name.includes(`-${encoding}`))
  const hex = files.flatMap((name) =>
    (loadVectorFile(name) as VectorFile).vectors.flatMap((vector) => vector.frames ?? (vector.hex ? [vector.hex] : [])),
  )
  const spoken = transcriptNames().flatMap((name) => loadTranscript(name).map((frame) => frame.hex))
  return [...hex, ...spoken].map((text) => Buffer.from(text, 'hex')).filter((frame) => frame.length > 4)
}
