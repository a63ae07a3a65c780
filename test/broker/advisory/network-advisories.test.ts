import { describe, expect, test } from '@jest/globals'
import { Advisories } from '../../../broker/advisory/advisories.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { decodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { destinationOf } from '../../../broker/openwire/destination-structure.ts'
import { defaultVirtualTopic, type VirtualDestination } from '../../../broker/routing/virtual-destination.ts'
import { consumerOptionsOf } from '../../../broker/session/openwire/consumer-options.ts'
import type { BrokerInfo, ConsumerInfo } from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf } from '../../../broker/wire/openwire/stored-form.ts'
import { FakeRegion } from '../../support/fake-region.ts'
import { connectionId } from '../session/openwire/session-harness.ts'
import { consumerId, consumerInfo, destinationInfo } from '../session/openwire/test-commands.ts'

const identity = { brokerName: 'localhost', brokerId: 'ID:test-0:1', brokerUrl: 'tcp://test:61616' }
const brokerPath = [{ kind: 'BrokerId', value: 'ID:other-0:1' }] as const

class Told {
  readonly region = new FakeRegion()
  readonly advisories: Advisories

  constructor(virtualDestinations: readonly VirtualDestination[] = []) {
    this.advisories = new Advisories(identity, new ManualClock(), virtualDestinations)
    this.advisories.attach(this.region)
  }

  add(info: ConsumerInfo): string {
    const { connectionId: connection, sessionId, value } = info.consumerId!
    const id = `${connection}:${sessionId}:${value}`
    const options = consumerOptionsOf(id, info)
    this.advisories.consumerAdded(options, connectionId, options.destination, 1)
    return id
  }

  listen(topics: string, value = 9): void {
    this.add(
      consumerInfo({
        consumerId: { ...consumerId, value },
        destination: { kind: 'ActiveMQTopic', physicalName: topics },
      }),
    )
  }

  /** What was told since the last call. */
  heard(): { topic: string; structure: unknown; properties: Record<string, unknown> }[] {
    this.advisories.flush()
    return this.region.published.splice(0).map(({ message }) => {
      const { dataStructure, marshalledProperties } = messageCommandOf(message.bytes)
      const properties = Object.fromEntries(
        [...decodePrimitiveMap(marshalledProperties)]
          .filter(([name]) => !name.startsWith('origin'))
          .map(([name, { value }]) => [name, value]),
      )
      return { topic: message.destination.name.replace('ActiveMQ.Advisory.', ''), structure: dataStructure, properties }
    })
  }
}

test('a consumer of a bridge is told of with its path and the consumers behind it, now and later', () => {
  const told = new Told()
  told.listen('ActiveMQ.Advisory.Consumer.>')
  const info = consumerInfo({
    destination: { kind: 'ActiveMQQueue', physicalName: 'A' },
    networkSubscription: true,
    brokerPath,
    networkConsumerPath: [{ ...consumerId, connectionId: 'ID:far-away:1' }],
  })
  told.add(info)
  const said = [{ topic: 'Consumer.Queue.A', structure: info }]
  expect(told.heard()).toMatchObject(said)
  told.listen('ActiveMQ.Advisory.Consumer.>', 10)
  expect(told.heard()).toMatchObject(said)
})

test('a temporary destination that a bridge has for another broker is told of with its path', () => {
  const told = new Told()
  told.listen('ActiveMQ.Advisory.TempQueue')
  const announcement = destinationInfo(0, {
    destination: { kind: 'ActiveMQTempQueue', physicalName: 'ID:far:1' },
    brokerPath,
  })
  const destination = destinationOf(announcement.destination!)
  const expected = { destination: announcement.destination, connectionId: { value: 'bridge' }, brokerPath }
  told.advisories.destinationAdded(destination, 'bridge', announcement)
  expect(told.heard()).toMatchObject([{ topic: 'TempQueue', structure: { ...expected, operationType: 0 } }])
  told.listen('ActiveMQ.Advisory.TempQueue', 10)
  expect(told.heard()).toMatchObject([{ topic: 'TempQueue', structure: { ...expected, operationType: 0 } }])
  told.advisories.destinationRemoved(destination)
  expect(told.heard()).toMatchObject([{ topic: 'TempQueue', structure: { ...expected, operationType: 1 } }])
})

describe('consumers of virtual destinations', () => {
  const info = consumerInfo({
    destination: { kind: 'ActiveMQQueue', physicalName: 'Consumer.a.VirtualTopic.T' },
    selector: 'x = 1',
  })
  const topic = { kind: 'ActiveMQTopic', physicalName: 'VirtualTopic.T' }

  test('are told of as consumers of these, when they come, later, and when they go', () => {
    const told = new Told([defaultVirtualTopic])
    told.listen('ActiveMQ.Advisory.VirtualDestination.Consumer.>,ActiveMQ.Advisory.Consumer.>')
    const id = told.add(info)
    const added = {
      topic: 'VirtualDestination.Consumer.Topic.VirtualTopic.T',
      structure: { ...info, destination: topic },
      properties: { consumerCount: 1 },
    }
    expect(told.heard()).toMatchObject([added, { topic: 'Consumer.Queue.Consumer.a.VirtualTopic.T', structure: info }])
    told.listen('ActiveMQ.Advisory.VirtualDestination.Consumer.>', 10)
    expect(told.heard()).toMatchObject([added])
    told.advisories.consumerRemoved(id, { kind: 'queue', name: 'Consumer.a.VirtualTopic.T' }, 0)
    expect(told.heard()).toMatchObject([
      { topic: added.topic, structure: { kind: 'RemoveInfo', objectId: consumerId }, properties: { consumerCount: 0 } },
      { topic: 'Consumer.Queue.Consumer.a.VirtualTopic.T' },
    ])
  })

  test('are not told of unless that is asked for', () => {
    const told = new Told()
    told.listen('ActiveMQ.Advisory.VirtualDestination.Consumer.>')
    told.add(info)
    expect(told.heard()).toEqual([])
  })
})

test('bridges are told of when they start and stop, and to those who come later', () => {
  const told = new Told()
  told.listen('ActiveMQ.Advisory.NetworkBridge')
  const broker: BrokerInfo = {
    kind: 'BrokerInfo',
    commandId: 0,
    responseRequired: false,
    brokerId: brokerPath[0],
    brokerURL: 'tcp://other:61616',
    peerBrokerInfos: null,
    brokerName: 'other',
    slaveBroker: false,
    masterBroker: false,
    faultTolerantConfiguration: false,
    duplexConnection: false,
    networkConnection: false,
    connectionId: 0,
    brokerUploadUrl: null,
    networkProperties: null,
  }
  const started = {
    topic: 'NetworkBridge',
    structure: broker,
    properties: { started: true, createdByDuplex: true, remoteIp: 'tcp://10.0.0.7:61616' },
  }
  told.advisories.bridgeStarted(broker, true, 'tcp://10.0.0.7:61616')
  expect(told.heard()).toEqual([started])
  told.listen('ActiveMQ.Advisory.>', 10)
  expect(told.heard()).toEqual([started])
  told.advisories.bridgeStopped(broker)
  expect(told.heard()).toEqual([{ topic: 'NetworkBridge', structure: broker, properties: { started: false } }])
  told.advisories.bridgeStopped(broker)
  expect(told.heard()).toEqual([])
})

test('consumers can be asked for, as they announced themselves', () => {
  const told = new Told()
  const id = told.add(consumerInfo({ brokerPath }))
  expect(told.advisories.consumers()).toMatchObject([{ kind: 'ConsumerInfo', consumerId, brokerPath }])
  told.advisories.consumerRemoved(id, { kind: 'queue', name: 'Q' }, 0)
  expect(told.advisories.consumers()).toEqual([])
})
