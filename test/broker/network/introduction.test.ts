import { expect, test } from '@jest/globals'
import { farConsumerId, farProducer, introductionOf, advisoryPrefetch } from '../../../broker/network/introduction.ts'
import type { BridgeSettings } from '../../../broker/network/connector-settings.ts'
import { bridgeSettings } from './bridge-settings.ts'
import { subscriptionsOf } from './demand/demand-harness.ts'

const local = { brokerName: 'A', brokerId: 'ID:A', brokerUrl: 'tcp://a:61616' }
const advisories = { kind: 'topic', name: 'ActiveMQ.Advisory.Consumer.>' } as const

const introduce = (settings: Partial<BridgeSettings> = {}, networkProperties: string | null = 'name=NC') =>
  introductionOf({
    settings: bridgeSettings(settings),
    local,
    connectionId: 'A->B-1:2',
    networkProperties,
    advisories: settings.staticBridge ? null : advisories,
    subscriptions: settings.syncDurableSubs ? subscriptionsOf() : null,
  })

test('says who it is, and what it has at the other broker', () => {
  const commands = introduce({ duplex: true })
  expect(commands.map(({ kind }) => kind)).toEqual([
    'BrokerInfo',
    'ConnectionInfo',
    'SessionInfo',
    'ProducerInfo',
    'ConsumerInfo',
  ])
  const [broker, connection, , producer, consumer] = commands
  expect(broker).toMatchObject({
    brokerId: { value: 'ID:A' },
    brokerName: 'A',
    brokerURL: 'tcp://a:61616',
    duplexConnection: true,
    networkConnection: true,
    networkProperties: 'name=NC',
  })
  expect(connection).toMatchObject({
    connectionId: { value: 'A->B-1:2' },
    clientId: 'NC_A_outbound',
    manageable: false,
  })
  expect(producer).toMatchObject({ producerId: farProducer('A->B-1:2'), destination: null })
  expect(consumer).toMatchObject({
    consumerId: farConsumerId('A->B-1:2'),
    destination: { kind: 'ActiveMQTopic', physicalName: advisories.name },
    prefetchSize: 1000,
    dispatchAsync: true,
  })
  expect(commands.every((command) => !command.responseRequired)).toBe(true)
})

test('one that was accepted does not introduce itself again', () => {
  expect(introduce({}, null)[0]).toMatchObject({ kind: 'ConnectionInfo' })
})

test('subscriptions are told before it connects, as ActiveMQ does', () => {
  const kindsOf = (properties?: null) => introduce({ syncDurableSubs: true }, properties).map(({ kind }) => kind)
  expect(kindsOf().slice(0, 3)).toEqual(['BrokerInfo', 'BrokerSubscriptionInfo', 'ConnectionInfo'])
  expect(kindsOf(null).slice(0, 2)).toEqual(['BrokerSubscriptionInfo', 'ConnectionInfo'])
})

test('a static bridge asks for no demand', () => {
  expect(introduce({ staticBridge: true }).map(({ kind }) => kind)).not.toContain('ConsumerInfo')
})

test('the remote name and password are those of the other broker, where they are given', () => {
  const connection = (settings: Partial<BridgeSettings>) => introduce(settings)[1]
  expect(connection({ userName: 'u', password: 'p' })).toMatchObject({ userName: 'u', password: 'p' })
  expect(connection({ userName: 'u', password: 'p', remoteUserName: 'r', remotePassword: 's' })).toMatchObject({
    userName: 'r',
    password: 's',
  })
})

test('advisories have a prefetch of their own, or the one of messages', () => {
  expect(advisoryPrefetch(bridgeSettings({ prefetchSize: 7 }))).toBe(7)
  expect(advisoryPrefetch(bridgeSettings({ prefetchSize: 7, advisoryPrefetchSize: 3 }))).toBe(3)
})
