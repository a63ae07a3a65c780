// Temporary destinations of the other broker: requests here can be answered to a client there.
import { expect, test } from '@jest/globals'
import { BridgeHarness, brokerPath, consumer, gone, temporary } from './demand-harness.ts'

test('they are here as long as they are there, and their consumers are demand', () => {
  const bridge = new BridgeHarness()
  expect(bridge.heard(temporary('add', 'temp-queue://c:1'), consumer('c', 'temp-queue://c:1'))).toEqual([
    '+ temp-queue://c:1',
    '+1 temp-queue://c:1',
  ])
  expect(bridge.heard(gone('c'), temporary('remove', 'temp-queue://c:1'))).toEqual([
    '-1 temp-queue://c:1',
    '- temp-queue://c:1',
  ])
  expect(bridge.table.rememberedBytes).toBe(0)
})

test('other brokers are told that they belong to the bridge, and which way they came', () => {
  const bridge = new BridgeHarness({ consumerTTL: 2 })
  const [change] = bridge.table.heard(temporary('add', 'temp-topic://c:1', 'far'))
  expect(change).toMatchObject({
    kind: 'addDestination',
    destination: { kind: 'temp-topic', name: 'c:1' },
    info: {
      connectionId: { kind: 'ConnectionId', value: 'here->there' },
      brokerPath: brokerPath('far', 'there'),
      operationType: 0,
    },
  })
})

test('they and their consumers come in any order, and as often as they like', () => {
  const bridge = new BridgeHarness()
  expect(bridge.heard(consumer('c', 'temp-queue://c:1'))).toEqual([])
  expect(bridge.heard(temporary('add', 'temp-queue://c:1'))).toEqual(['+ temp-queue://c:1', '+1 temp-queue://c:1'])
  expect(bridge.heard(temporary('add', 'temp-queue://c:1'))).toEqual([])
  const removed = [temporary('remove', 'temp-queue://c:1'), temporary('remove', 'temp-queue://c:1')]
  expect(bridge.heard(...removed)).toEqual(['-1 temp-queue://c:1', '- temp-queue://c:1'])
  expect(bridge.heard(gone('c'))).toEqual([])
  expect(bridge.table.rememberedBytes).toBe(0)
})

test('a consumer of one that the other broker does not have gets nothing: it may be of a client here', () => {
  const bridge = new BridgeHarness()
  expect(bridge.heard(consumer('thief', 'temp-queue://mine:1'))).toEqual([])
  expect(bridge.heard(temporary('remove', 'temp-queue://mine:1'))).toEqual([])
})

test('they are left alone without bridgeTempDestinations, beyond consumerTTL, and when they were here before', () => {
  const off = new BridgeHarness({ bridgeTempDestinations: false })
  expect(off.heard(temporary('add', 'temp-queue://c:1'), consumer('c', 'temp-queue://c:1'))).toEqual([])
  expect(off.carriersOf('temp-queue://c:1')).toEqual([])
  const bridge = new BridgeHarness({ consumerTTL: 2 })
  expect(bridge.heard(temporary('add', 'temp-queue://c:1', 'far', 'near'))).toEqual([])
  expect(bridge.heard(temporary('add', 'temp-queue://c:1', 'here'))).toEqual([])
})

test('other destinations are not made or removed by another broker', () => {
  const bridge = new BridgeHarness()
  expect(bridge.heard(temporary('add', 'queue://A'), temporary('remove', 'queue://A'))).toEqual([])
})
