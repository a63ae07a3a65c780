import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { OpenWireChannel } from '../../../../broker/client/transport/openwire-channel.ts'
import { parseEndpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import { buildMessageCommand } from '../../../../broker/client/message.ts'
import type { Command, DataStructure } from '../../../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormatOptions,
} from '../../../../broker/wire/openwire/wire-format.ts'

function world(query = '', offered: Partial<WireFormatOptions> = {}) {
  const peerInfo = preferredWireFormatInfo({ ...defaultWireFormatOptions, maxInactivityDurationMs: 30_000, ...offered })
  const clock = new ManualClock()
  const events: string[] = []
  const commands: Command[] = []
  const written: Buffer[] = []
  let ended = false
  const endpoint = parseEndpoint(`tcp://a:1?${query}`)
  const channel = new OpenWireChannel(
    endpoint,
    {
      connected: () => void events.push('connected'),
      command: (command) => void commands.push(command),
      failed: (error) => void events.push(error.message),
    },
    clock,
  )
  channel.opened({
    write: (bytes) => void written.push(bytes),
    drained: () => null,
    pause() {},
    resume() {},
    end: () => {
      ended = true
    },
  })
  const format = negotiate(peerInfo, preferredWireFormatInfo(endpoint.wireFormat))
  const peer = new OpenWireCodec(format)
  /** What the client wrote after its wire format. */
  const sent = (): (DataStructure | null)[] => {
    const codec = new OpenWireCodec(format)
    return new FrameSplitter(1_000_000)
      .push(Buffer.concat(written))
      .slice(1)
      .map((frame) => codec.decode(frame))
  }
  const receive = (command: DataStructure): void => channel.received(Buffer.from(peer.encode(command)))
  const receiveInfo = (): void => channel.received(new OpenWireCodec(initialWireFormat).encode(peerInfo))
  return { clock, channel, events, commands, sent, receive, receiveInfo, hasEnded: () => ended }
}

const keepAlive = (commandId: number, responseRequired: boolean): Command => ({
  kind: 'KeepAliveInfo',
  commandId,
  responseRequired,
})

describe('exchange of wire formats', () => {
  test('the client can speak when the broker’s has come', () => {
    const { events, commands, receive, receiveInfo } = world()
    expect(events).toEqual([])
    receiveInfo()
    expect(events).toEqual(['connected'])
    receive({ kind: 'ShutdownInfo', commandId: 3, responseRequired: false })
    expect(commands).toMatchObject([{ kind: 'ShutdownInfo', commandId: 3 }])
  })

  test.each(['', 'wireFormat.tightEncodingEnabled=true&wireFormat.cacheEnabled=true'])('with %p', (query) => {
    const { channel, commands, receive, receiveInfo, sent } = world(query)
    receiveInfo()
    const session: Command = {
      kind: 'SessionInfo',
      commandId: 2,
      responseRequired: false,
      sessionId: { kind: 'SessionId', connectionId: 'ID:x', value: 1 },
    }
    channel.send(session)
    channel.send(session)
    expect(sent()).toEqual([session, session])
    receive(session)
    receive(session)
    expect(commands).toEqual([session, session])
  })

  test('a broker that sends none is given up', () => {
    const { clock, events, hasEnded } = world()
    clock.advance(10_000)
    expect(events).toEqual(['Cannot talk to tcp://a:1: no wire format came within 10000 ms'])
    expect(hasEnded()).toBe(true)
  })

  test('somebody who speaks something else is given up', () => {
    const { channel, events } = world()
    channel.received(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(events[0]).toContain('Cannot understand tcp://a:1: Cannot read frame of 1213486160 bytes')
  })
})

test.each([true, false])(
  'a command that cannot be encoded is refused; with the cache (%p) the connection is lost',
  (cached) => {
    const { channel, receiveInfo, hasEnded } = world(`wireFormat.cacheEnabled=${cached}`)
    receiveInfo()
    const command: Command = {
      kind: 'ControlCommand',
      commandId: 0,
      responseRequired: false,
      command: 'x'.repeat(70_000),
    }
    expect(() => channel.send(command)).toThrow('at most 65535')
    expect(hasEnded()).toBe(cached)
  },
)

describe('a frame that the broker does not take', () => {
  const body = (bytes: number): Command =>
    buildMessageCommand(
      { body: Buffer.alloc(bytes) },
      {
        producerId: { kind: 'ProducerId', connectionId: 'ID:x', sessionId: 1, value: 1 },
        sequence: 1,
        destination: { kind: 'queue', name: 'Q' },
        transactionId: null,
        persistent: true,
        priority: 4,
        expiration: 0,
        timestamp: 0,
        compress: false,
      },
    )

  test.each([
    ['loose', ''],
    ['tight', 'wireFormat.tightEncodingEnabled=true'],
    ['cached', 'wireFormat.cacheEnabled=true'],
  ])('is refused with both sizes, and the next one goes: %s', (_, query) => {
    const { channel, receiveInfo, sent, hasEnded } = world(query, { maxFrameSize: 10_000 })
    receiveInfo()
    expect(() => channel.send(body(20_000))).toThrow(
      /^Cannot send ActiveMQBytesMessage of 20\d{3} bytes: the broker takes frames of at most 10000 bytes$/,
    )
    channel.send(body(9000))
    expect(sent()).toEqual([body(9000)])
    expect(hasEnded()).toBe(false)
  })

  test('is one byte longer than the largest that it takes', () => {
    const { channel, receiveInfo, sent } = world('', { maxFrameSize: 10_000 })
    receiveInfo()
    channel.send(body(1000))
    const head = new OpenWireCodec({ ...initialWireFormat, version: 12 }).encode(sent()[0]!).length - 4 - 1000
    expect(() => channel.send(body(10_000 - head + 1))).toThrow('of 10001 bytes')
    channel.send(body(10_000 - head))
    expect(sent()).toHaveLength(2)
  })
})

describe('inactivity monitor', () => {
  test('says something when there was nothing to say', () => {
    const { clock, sent, receiveInfo } = world('wireFormat.maxInactivityDuration=3000')
    receiveInfo()
    clock.advance(10_000)
    expect(sent()).toEqual([keepAlive(0, false)])
    clock.advance(999)
    expect(sent()).toHaveLength(1)
    clock.advance(1)
    expect(sent()).toHaveLength(2)
  })

  test('gives a silent broker up, not one that speaks', () => {
    const { clock, events, receive, receiveInfo } = world('wireFormat.maxInactivityDuration=3000')
    receiveInfo()
    clock.advance(10_000)
    for (let period = 0; period < 3; period++) {
      receive(keepAlive(0, false))
      clock.advance(3000)
    }
    expect(events).toEqual(['connected'])
    clock.advance(3000)
    expect(events.at(-1)).toBe('Connection to tcp://a:1 was inactive for more than 3000 ms')
    expect(clock.pendingTimers).toBe(0)
  })

  test('answers when the broker asks for it', () => {
    const { sent, receive, receiveInfo } = world()
    receiveInfo()
    receive(keepAlive(7, true))
    expect(sent()).toEqual([keepAlive(7, false)])
  })

  test('is off when one side wants it so', () => {
    const { clock, events, sent, receiveInfo } = world('wireFormat.maxInactivityDuration=0')
    receiveInfo()
    clock.advance(3_600_000)
    expect(sent()).toEqual([])
    expect(events).toEqual(['connected'])
  })
})
