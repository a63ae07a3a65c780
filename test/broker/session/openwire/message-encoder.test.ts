import { describe, expect, test } from '@jest/globals'
import { MessageEncoder } from '../../../../broker/session/openwire/message-encoder.ts'
import type { MessageCommand } from '../../../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { initialWireFormat, type WireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import { textMessage } from './test-commands.ts'

const nowMs = 1_800_000_000_000

const forms: readonly (readonly [string, Partial<WireFormat>])[] = [
  ['stored', { version: 12 }],
  ['tight', { version: 12, tightEncodingEnabled: true }],
  ['cached', { version: 12, tightEncodingEnabled: true, cacheEnabled: true, cacheSize: 1024 }],
  ['older', { version: 9 }],
]

describe.each(forms)('in the form of a connection: %s', (_, fields) => {
  const format = { ...initialWireFormat, ...fields }

  test.each([0, 100, 5000, 100_000])('a body of %d bytes', (length) => {
    const content = Buffer.alloc(length, 'body')
    const message = textMessage({ commandId: 77, content, brokerPath: [{ kind: 'BrokerId', value: 'ID:here' }] })
    const buffers = new MessageEncoder(new OpenWireCodec(format)).encode(storedFormOf(message), 5, nowMs)
    const [frame, ...rest] = new FrameSplitter(2 ** 30).push(Buffer.concat(buffers))
    const decoded = new OpenWireCodec(format).decode(frame!) as unknown as MessageCommand
    expect(rest).toEqual([])
    expect(decoded).toMatchObject({
      kind: 'ActiveMQTextMessage',
      commandId: 77,
      responseRequired: true,
      brokerPath: message.brokerPath,
      brokerOutTime: nowMs,
    })
    expect(decoded.content!.equals(content)).toBe(true)
  })

  test('with what only the general codec can rewrite', () => {
    const message = textMessage({ dataStructure: { kind: 'BrokerId', value: 'ID:x' } as never })
    const buffers = new MessageEncoder(new OpenWireCodec(format)).encode(storedFormOf(message), 5, nowMs)
    const [frame] = new FrameSplitter(2 ** 30).push(Buffer.concat(buffers))
    expect(new OpenWireCodec(format).decode(frame!)).toMatchObject({ dataStructure: { value: 'ID:x' } })
  })
})
