import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { maxDatagramBytes } from '../../../../broker/network/discovery/limits.ts'
import { decodeAnnouncement, encodeAnnouncement } from '../../../../broker/network/discovery/multicast-datagram.ts'

const service = 'tcp://host1:61616'

test('is written as ActiveMQ writes it', () => {
  expect(String(encodeAnnouncement('default', { alive: true, service }))).toBe(
    'default.ActiveMQ-4.alive.%localhost%tcp://host1:61616',
  )
  expect(String(encodeAnnouncement('g', { alive: false, service }))).toBe(
    'g.ActiveMQ-4.dead.%localhost%tcp://host1:61616',
  )
})

test.each([
  ['default.ActiveMQ-4.alive.%localhost%tcp://host1:61616', { alive: true, service }],
  ['default.ActiveMQ-4.dead.%broker-1%tcp://host1:61616', { alive: false, service }],
  ['default.ActiveMQ-4.alive.%%tcp://h:1?a=b&c=d%20', { alive: true, service: 'tcp://h:1?a=b&c=d%20' }],
  ['other.ActiveMQ-4.alive.%localhost%tcp://host1:61616', null],
  ['default.ActiveMQ-4.alive.tcp://host1:61616', null],
  ['default.ActiveMQ-4.alive.%localhost%', null],
  ['default.ActiveMQ-4.alive.%localhost', null],
  ['default.ActiveMQ-4.sick.%localhost%tcp://host1:61616', null],
  ['default.ActiveMQ-4.alive.%localhost%tcp://host1:61616\nx', null],
  ['default.ActiveMQ-4.alive.%localhost%tcp://h\u00e9te:61616', null],
  [`default.ActiveMQ-4.alive.%localhost%tcp://${'h'.repeat(maxDatagramBytes)}:1`, null],
  ['', null],
])('of %j', (text, expected) => {
  expect(decodeAnnouncement('default', Buffer.from(text))).toEqual(expected)
})

test('nothing that is sent is an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, begins) => {
      const head = begins ? Buffer.from('default.ActiveMQ-4.alive.%') : Buffer.alloc(0)
      decodeAnnouncement('default', Buffer.concat([head, bytes]))
    }),
  )
})
