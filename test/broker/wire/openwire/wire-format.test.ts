import { expect, test } from '@jest/globals'
import type { PrimitiveValue } from '../../../../broker/marshal/primitive-map.ts'
import { encodePrimitiveMap } from '../../../../broker/marshal/primitive-map.ts'
import type { WireFormatInfo } from '../../../../broker/wire/openwire/commands.ts'
import {
  defaultWireFormatOptions,
  negotiate,
  preferredWireFormatInfo,
  wireFormatProperties,
} from '../../../../broker/wire/openwire/wire-format.ts'

const mine = preferredWireFormatInfo(defaultWireFormatOptions)

const info = (properties: Record<string, PrimitiveValue>, version = 12): WireFormatInfo => ({
  kind: 'WireFormatInfo',
  magic: Buffer.from('ActiveMQ'),
  version,
  marshalledProperties: encodePrimitiveMap(new Map(Object.entries(properties))),
})

const long = (value: number | bigint): PrimitiveValue => ({ type: 'long', value })

test('two stock peers use everything', () => {
  expect(negotiate(mine, mine)).toEqual({ ...defaultWireFormatOptions, maxFrameSize: 0x7fff_ffff })
})

test('it is known what the peer says that it is made of', () => {
  expect(negotiate(mine, info({ ProviderName: { type: 'string', value: 'ActiveMQ' } })).peerProvider).toBe('ActiveMQ')
  expect(negotiate(mine, info({ ProviderName: long(7) })).peerProvider).toBeUndefined()
})

test('the lower version counts, and one of 0 or less does not', () => {
  expect(negotiate(mine, info({}, 6)).version).toBe(6)
  expect(negotiate(mine, info({}, 0)).version).toBe(12)
  expect(negotiate(mine, info({}, 99)).version).toBe(12)
})

test('what the peer does not mention is off', () => {
  expect(negotiate(mine, info({}, 1))).toMatchObject({
    tightEncodingEnabled: false,
    cacheEnabled: false,
    stackTraceEnabled: false,
    tcpNoDelayEnabled: false,
    maxInactivityDurationMs: 0,
  })
})

test('a version 1 peer without any properties is understood', () => {
  expect(negotiate(mine, { ...info({}, 1), marshalledProperties: null }).version).toBe(1)
})

test('a maximum frame size of 0 or less means no opinion, otherwise the smaller counts', () => {
  const limited = preferredWireFormatInfo({ ...defaultWireFormatOptions, maxFrameSize: 1000 })
  expect(negotiate(limited, info({ MaxFrameSize: long(0) })).maxFrameSize).toBe(1000)
  expect(negotiate(limited, info({ MaxFrameSize: long(500) })).maxFrameSize).toBe(500)
  expect(negotiate(limited, info({ MaxFrameSize: long(2n ** 63n - 1n) })).maxFrameSize).toBe(1000)
})

test.each(['MaxInactivityDurationInitalDelay', 'MaxInactivityDurationInitialDelay'])(
  'the initial delay is read from %s',
  (name) => {
    expect(negotiate(mine, info({ [name]: long(500) })).maxInactivityDurationInitialDelayMs).toBe(500)
  },
)

test('the misspelled key is what we send', () => {
  expect([...wireFormatProperties(mine).keys()]).toContain('MaxInactivityDurationInitalDelay')
})

test('the size prefix is never given up', () => {
  expect(wireFormatProperties(mine).get('SizePrefixDisabled')).toEqual({ type: 'boolean', value: false })
})

test('a cache size that makes Java peers hang is not offered', () => {
  expect(() => preferredWireFormatInfo({ ...defaultWireFormatOptions, cacheSize: 99 })).toThrow(
    'Cannot offer cacheSize 99',
  )
  expect(() => preferredWireFormatInfo({ ...defaultWireFormatOptions, cacheSize: 100 })).not.toThrow()
})

test('a cache size of 0 means 16383 slots', () => {
  expect(negotiate(mine, info({ CacheSize: { type: 'int', value: 0 } })).cacheSize).toBe(16_383)
})

test('somebody who does not speak OpenWire is told so', () => {
  expect(() => negotiate(mine, { ...info({}), magic: Buffer.from('GET / HT') })).toThrow('bad magic')
})

test('what an unauthenticated peer can make us read is limited', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`p${index}`, long(1)]))
  expect(() => negotiate(mine, info(many))).toThrow('65 entries')
  expect(() => negotiate(mine, info({ Host: { type: 'string', value: 'x'.repeat(513) } }))).toThrow('513 bytes')
  expect(() => negotiate(mine, info({ ['n'.repeat(513)]: long(1) }))).toThrow('513 bytes')
  expect(() => negotiate(mine, info({ nested: { type: 'map', value: new Map() } }))).toThrow('nested deeper than 0')
  expect(() => negotiate(mine, { ...info({}), marshalledProperties: Buffer.from([0, 0, 0, 9]) })).toThrow('9 entries')
})
