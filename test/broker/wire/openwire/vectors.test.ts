// Every recorded frame of the stock Java client and broker decodes to the recorded fields and encodes to the same bytes.
import { describe, expect, test } from '@jest/globals'
import type { DataStructure, WireFormatInfo } from '../../../../broker/wire/openwire/commands.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import { structures } from '../../../../broker/wire/openwire/schema.ts'
import type { WireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import { initialWireFormat, negotiate } from '../../../../broker/wire/openwire/wire-format.ts'
import type { VectorFields } from './spec-vectors.ts'
import {
  loadTranscript,
  loadVectorFile,
  transcriptNames,
  valueOf,
  vectorFileNames,
  vectorsPresent,
} from './spec-vectors.ts'

interface FormatFields {
  readonly version: number
  readonly tightEncodingEnabled: boolean
  readonly cacheEnabled: boolean
  readonly cacheSize?: number
  readonly stackTraceEnabled?: boolean
}

interface VectorFile extends FormatFields {
  readonly vectors: readonly {
    readonly id: string
    readonly stackTraceEnabled?: boolean
    readonly hex?: string
    readonly frames?: readonly string[]
    readonly fields: VectorFields
  }[]
}

interface SequenceFile {
  readonly sequences: readonly (FormatFields & {
    readonly id: string
    readonly frames: readonly { readonly hex: string; readonly fields: VectorFields }[]
  })[]
}

const codecOf = (format: FormatFields, stackTraceEnabled = format.stackTraceEnabled ?? false): OpenWireCodec =>
  new OpenWireCodec({ ...initialWireFormat, ...pick(format), stackTraceEnabled })

const pick = ({ version, tightEncodingEnabled, cacheEnabled, cacheSize = 0 }: FormatFields): Partial<WireFormat> => ({
  version,
  tightEncodingEnabled,
  cacheEnabled,
  cacheSize,
})

/** Decodes and encodes `frames` in order; what differs is reported with the place where it does. */
function check(codec: OpenWireCodec, frames: readonly { hex: string; fields: VectorFields }[], place: string): void {
  for (const { hex, fields } of frames) {
    const decoded = codec.decode(Buffer.from(hex, 'hex').subarray(4))
    const expected = valueOf(fields)
    expect({ place, decoded }).toEqual({ place, decoded: expected })
    expect({ place, hex: codec.encode(decoded as DataStructure).toString('hex') }).toEqual({ place, hex })
  }
}

const fileNames = vectorFileNames().filter((name) => /^v\d+-/.test(name))

/** One recording has more than another (test/interop/recorder); a file that lost its content must not pass. */
const fewestFrames: Readonly<Record<string, number>> = {
  'v1-loose': 121,
  'v1-tight': 121,
  'v6-loose': 128,
  'v6-tight': 128,
  'v9-loose': 138,
  'v9-tight': 138,
  'v10-loose': 136,
  'v10-tight': 136,
  'v11-loose': 138,
  'v11-tight': 138,
  'v12-loose': 140,
  'v12-tight': 140,
  'v1-loose-cached': 236,
  'v1-tight-cached': 236,
  'v6-loose-cached': 248,
  'v6-tight-cached': 248,
  'v9-loose-cached': 248,
  'v9-tight-cached': 248,
  'v10-loose-cached': 246,
  'v10-tight-cached': 246,
  'v12-loose-cached': 250,
  'v12-tight-cached': 250,
}

/** In the sequences that fill a cache and go on. */
const smallCacheSize = 110

/** All structures that a version can write on the wire. */
const kindsOf = (version: number): string[] =>
  Object.entries(structures)
    .flatMap(([kind, { code, since = 1 }]) => (code !== undefined && since <= version ? [kind] : []))
    .toSorted()

const describeWithVectors = vectorsPresent ? describe : describe.skip

describeWithVectors('recorded frames', () => {
  test('the files are all there', () => {
    expect(fileNames.map((name) => name.replace('.json', '')).sort()).toEqual(Object.keys(fewestFrames).sort())
  })

  test.each(fileNames)('%s', (name) => {
    const file = loadVectorFile(name) as VectorFile
    let frames = 0
    const kinds = new Set(file.vectors.map(({ fields }) => fields._type))
    expect([...kinds].toSorted()).toEqual(kindsOf(file.version))
    for (const { id, hex, frames: pair, fields, stackTraceEnabled } of file.vectors) {
      const codec = codecOf(file, stackTraceEnabled ?? file.stackTraceEnabled ?? false)
      const run = (pair ?? [hex!]).map((frame) => ({ hex: frame, fields }))
      check(codec, run, id)
      frames += run.length
    }
    expect(frames).toBeGreaterThanOrEqual(fewestFrames[name.replace('.json', '')]!)
  })

  test('runs that share one marshalling cache, with eviction', () => {
    const { sequences } = loadVectorFile('sequences.json') as SequenceFile
    for (const sequence of sequences) check(codecOf(sequence), sequence.frames, sequence.id)
    const cutOff = sequences.filter(
      ({ cacheSize, frames }) => frames.length <= (cacheSize === smallCacheSize ? 130 : 18),
    )
    expect(cutOff).toEqual([])
    // Each version and encoding but one, and the newest once more with a cache that has to forget.
    expect(sequences.length).toBeGreaterThanOrEqual(10 + 2)
  })

  test.each(transcriptNames())('conversation %s', (name) => {
    const frames = loadTranscript(name)
    const connections = new Set(frames.map(({ conn }) => conn))
    let checked = 0
    for (const conn of connections) {
      const conversation = frames.filter((frame) => frame.conn === conn)
      const infos = conversation.filter(({ summary }) => summary === 'WireFormatInfo')
      expect(infos).toHaveLength(2)
      check(new OpenWireCodec(initialWireFormat), infos, `${name} ${conn}`)
      const [mine, theirs] = infos.map(({ fields }) => valueOf(fields) as WireFormatInfo)
      const format = negotiate(mine!, theirs!)
      for (const direction of ['C>B', 'B>C']) {
        const commands = conversation.filter((frame) => frame.dir === direction && frame.summary !== 'WireFormatInfo')
        check(new OpenWireCodec(format), commands, `${name} ${conn} ${direction}`)
        checked += commands.length
      }
    }
    expect(checked + 2 * connections.size).toBe(frames.length)
  })

  test('there are twenty conversations', () => {
    expect(transcriptNames()).toHaveLength(20)
  })
})
