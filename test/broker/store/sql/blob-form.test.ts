import { describe, expect, test } from '@jest/globals'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { blobOf, storedFormOf } from '../../../../broker/store/sql/blob-form.ts'
import type { MessageCommand } from '../../../../broker/wire/openwire/commands.ts'
import { storedFormOf as formOfCommand } from '../../../../broker/wire/openwire/stored-form.ts'
import { loadVectorFile, valueOf, vectorsPresent, type VectorFields } from '../../wire/openwire/spec-vectors.ts'

interface Recorded {
  readonly id: string
  /** With its size, as ActiveMQ writes it into the column. */
  readonly blob: Buffer
  readonly fields: VectorFields
}

const messageTypes = ['', 'Bytes', 'Map', 'Object', 'Stream', 'Text', 'Blob'].map((type) => `ActiveMQ${type}Message`)

function recordedMessages(version: number): Recorded[] {
  if (!vectorsPresent) return []
  const { vectors } = loadVectorFile(`v${version}-loose.json`) as {
    vectors: readonly { id: string; hex?: string; fields: VectorFields }[]
  }
  return vectors
    .filter(({ hex, fields }) => hex !== undefined && messageTypes.includes(fields._type))
    .map(({ id, hex, fields }) => ({ id, fields, blob: Buffer.from(hex!, 'hex') }))
}

const carriesStructure = ({ fields }: Recorded): boolean => fields['dataStructure'] !== null

const ifRecorded = vectorsPresent ? describe : describe.skip

ifRecorded.each([6, 9, 10, 11, 12])('messages that ActiveMQ wrote in version %i', (version) => {
  const recorded = recordedMessages(version).filter((one) => version >= 10 || !carriesStructure(one))

  test('are of every type', () => {
    expect(new Set(recorded.map(({ fields }) => fields._type))).toEqual(new Set(messageTypes))
  })

  test('come out in our stored form', () => {
    for (const { id, blob, fields } of recorded) {
      const bytes = storedFormOf(blob)
      const expected = formOfCommand(valueOf(fields) as MessageCommand)
      expect({ id, hex: bytes.toString('hex') }).toEqual({ id, hex: expected.toString('hex') })
      expect(StoredMessage.scan(bytes).bytes).toBe(bytes)
    }
  })
})

ifRecorded('what we write', () => {
  test('is what ActiveMQ writes in version 11', () => {
    for (const { id, blob, fields } of recordedMessages(11)) {
      const ours = blobOf(formOfCommand(valueOf(fields) as MessageCommand))
      expect({ id, hex: ours.toString('hex') }).toEqual({ id, hex: blob.toString('hex') })
    }
  })

  test('an advisory of an old version, which no store has, is left as it is', () => {
    const advisories = recordedMessages(6).filter(carriesStructure)
    expect(advisories.length).toBeGreaterThan(0)
    for (const { blob } of advisories) expect(storedFormOf(blob)).toEqual(blob.subarray(4))
  })

  test('a message that was cut off is left as it is', () => {
    const [{ blob }] = recordedMessages(6) as [Recorded]
    for (let length = 0; length < blob.length - 4; length++) {
      const bytes = blob.subarray(4, 4 + length)
      expect(storedFormOf(blobOf(bytes))).toEqual(bytes)
    }
  })
})

test.each(['', 'a', 'message 7', 'x'.repeat(10_000)])('bytes that are no message come back: %#', (text) => {
  const bytes = Buffer.from(text)
  expect(blobOf(bytes).readInt32BE(0)).toBe(bytes.length)
  expect(storedFormOf(blobOf(bytes))).toEqual(bytes)
})

test('what has not its size in front comes out as it is', () => {
  for (const bytes of [Buffer.of(), Buffer.of(1, 2), Buffer.of(0, 0, 0, 9, 23), Buffer.from('no size at all')])
    expect(storedFormOf(bytes)).toEqual(bytes)
})

test('what is read has a buffer of its own', () => {
  const blob = blobOf(Buffer.from('message'))
  const bytes = storedFormOf(blob)
  blob.fill(0)
  expect(bytes.toString()).toBe('message')
})
