import { expect, test } from '@jest/globals'
import { isForBridges } from '../../../../broker/message/bridge-advisories.ts'
import { advisoryDestination } from '../../../../broker/network/demand/advisory-filter.ts'
import type { BridgeSettings } from '../../../../broker/network/connector-settings.ts'
import { bridgeSettings } from '../bridge-settings.ts'
import { named } from './demand-harness.ts'

const nameWith = (settings: Partial<BridgeSettings>): string | undefined =>
  advisoryDestination(bridgeSettings(settings))?.name

test('a bridge asks for all consumers and temporary destinations, as ActiveMQ does', () => {
  expect(advisoryDestination(bridgeSettings())).toEqual({
    kind: 'topic',
    name: 'ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic',
  })
  expect(nameWith({ bridgeTempDestinations: false, useVirtualDestSubs: true })).toBe(
    'ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.VirtualDestination.Consumer.>',
  )
})

test('or for those of the destinations that it may bridge', () => {
  const dynamicallyIncludedDestinations = [named('queue://A.>'), named('topic://T'), named('temp-queue://X')]
  expect(nameWith({ bridgeTempDestinations: false, dynamicallyIncludedDestinations })).toBe(
    'ActiveMQ.Advisory.Consumer.Queue.A.>,ActiveMQ.Advisory.Consumer.Topic.T',
  )
  expect(
    nameWith({
      bridgeTempDestinations: false,
      useVirtualDestSubs: true,
      dynamicallyIncludedDestinations: [named('topic://T')],
    }),
  ).toBe('ActiveMQ.Advisory.Consumer.Topic.T,ActiveMQ.Advisory.VirtualDestination.Consumer.Topic.T')
})

test('or for what it is told to', () => {
  const settings = { bridgeTempDestinations: false, dynamicallyIncludedDestinations: [named('topic://T')] }
  expect(nameWith({ ...settings, destinationFilter: 'Queue.A' })).toBe('ActiveMQ.Advisory.Consumer.Queue.A')
  expect(nameWith({ ...settings, destinationFilter: 'ActiveMQ.Advisory.Consumer.Queue.A,X' })).toBe(
    'ActiveMQ.Advisory.Consumer.Queue.A,X',
  )
})

test('or for nothing', () => {
  expect(advisoryDestination(bridgeSettings({ staticBridge: true }))).toBeNull()
})

test.each([
  ['ActiveMQ.Advisory.Consumer.Queue.A', true],
  ['ActiveMQ.Advisory.VirtualDestination.Consumer.Topic.A', true],
  ['ActiveMQ.Advisory.TempTopic', true],
  ['ActiveMQ.Advisory.Topic', false],
  ['Consumer.Queue.A', false],
])('%s is for bridges only: %s', (name, expected) => {
  expect(isForBridges({ kind: 'topic', name })).toBe(expected)
  expect(isForBridges({ kind: 'queue', name })).toBe(false)
})
