import { expect, test } from '@jest/globals'
import { destinationOf, requiredDestination, structureOf } from '../../../broker/openwire/destination-structure.ts'
import { maxDestinationNameLength } from '../../../broker/openwire/limits.ts'

test.each([
  ['queue', 'ActiveMQQueue'],
  ['topic', 'ActiveMQTopic'],
  ['temp-queue', 'ActiveMQTempQueue'],
  ['temp-topic', 'ActiveMQTempTopic'],
] as const)('%s ⇄ %s', (kind, structure) => {
  expect(structureOf({ kind, name: 'A' })).toEqual({ kind: structure, physicalName: 'A' })
  expect(destinationOf({ kind: structure, physicalName: 'A' })).toEqual({ kind, name: 'A' })
})

test('a peer that has to name a destination is told when it does not', () => {
  const queue = (physicalName: string | null) => ({ kind: 'ActiveMQQueue', physicalName }) as const
  expect(requiredDestination(queue(' A '), 'send')).toEqual({ kind: 'queue', name: 'A' })
  for (const none of [null, queue(null), queue(' ')])
    expect(() => requiredDestination(none, 'send')).toThrow('Cannot send: the destination is missing')
  expect(() => requiredDestination(queue('A'.repeat(maxDestinationNameLength + 1)), 'send')).toThrow(
    "Cannot send: the destination's name has 16385 characters, at most 16384 are accepted",
  )
})

test('options behind a name that a client did not keep to itself are none of the broker', () => {
  const given = { kind: 'ActiveMQQueue', physicalName: ' A,topic://B ?consumer.prefetchSize=1,C' } as const
  expect(requiredDestination(given, 'send')).toEqual({ kind: 'queue', name: 'A,topic://B' })
})
