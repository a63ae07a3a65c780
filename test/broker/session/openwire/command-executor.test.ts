import { expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import { buildService } from '../../../support/fake-region.ts'
import { client, kinds } from './connected-client.ts'
import { connectionId, TestSession } from './session-harness.ts'
import {
  consumerControl,
  consumerInfo,
  destinationInfo,
  messagePull,
  producerInfo,
  sessionInfo,
  textMessage,
} from './test-commands.ts'

const idHex = Buffer.from(connectionId).toString('hex')
const refusal = new RefusalError('INVALID_REQUEST', 'Cannot do it: the test says so')

test('commands that want no answer get none', () => {
  const { peer } = client()
  peer.receive(sessionInfo(2), producerInfo({ responseRequired: false }), consumerInfo({ responseRequired: false }))
  expect(peer.takeHex()).toBe('')
})

test('a refusal is an ExceptionResponse to those who wait, and a ConnectionError to those who do not', () => {
  const { peer, region } = client()
  region.refusals.set('addConsumer', refusal)
  peer.receive(consumerInfo({ commandId: 21 }), consumerInfo({ commandId: 22, responseRequired: false }))
  expect(peer.takeSent()).toMatchObject([
    {
      kind: 'ExceptionResponse',
      correlationId: 21,
      exception: { className: 'javax.jms.JMSException', message: refusal.message },
    },
    { kind: 'ConnectionError', exception: { message: refusal.message } },
  ])
})

test('destinations are added and removed on behalf of the connection', () => {
  const { peer, region } = client()
  const temporary = { kind: 'temp-queue', name: `${connectionId}:1` }
  peer.receive(destinationInfo(0), destinationInfo(1), destinationInfo(2), destinationInfo(0, { destination: null }))
  expect([region.of('addDestination'), region.of('removeDestination')]).toEqual([[[temporary]], [[temporary]]])
  expect(kinds(peer.takeSent())).toEqual(['Response', 'Response', 'ExceptionResponse', 'ExceptionResponse'])
  const passed = destinationInfo(0, { brokerPath: [{ kind: 'BrokerId', value: 'ID:other' }] })
  peer.receive(passed)
  expect(region.of('addDestination').at(-1)).toMatchObject([temporary, { brokerPath: passed.brokerPath }])
})

test('ConsumerControl restores the prefetch of failover clients', () => {
  const { peer, region } = client(consumerInfo({ prefetchSize: 0 }))
  peer.receive(consumerControl(1000))
  expect(region.of('setPrefetch')).toEqual([[`${connectionId}:1:1`, 1000]])
})

test('a pull that finds nothing is answered with an empty dispatch', () => {
  const { peer, region } = client(consumerInfo({ prefetchSize: 0 }))
  peer.receive(messagePull(-1))
  expect(region.of('pull')).toEqual([[`${connectionId}:1:1`, -1]])
  region.ports.get(connectionId)!.deliverNothing(`${connectionId}:1:1`)
  expect(peer.takeHex()).toBe(`00000047150000000000017a010026${idHex}00000000000000010000000000000001000000000000`)
})

const removeSubscription = {
  kind: 'RemoveSubscriptionInfo',
  commandId: 5,
  responseRequired: true,
  connectionId: { kind: 'ConnectionId', value: connectionId },
  subscriptionName: 'S',
  clientId: 'C',
} as const

test('the removal of a durable subscription is answered when it is durable', () => {
  const { peer, region } = client()
  region.holdsSends = true
  peer.receive(removeSubscription)
  expect(region.of('removeSubscription')).toEqual([['C', 'S']])
  expect(peer.takeSent()).toEqual([])
  region.waiting[0]!()
  expect(peer.takeSent()).toMatchObject([{ kind: 'Response', correlationId: 5 }])
})

test('what the region says against it is told as it is', () => {
  const { peer, region } = client()
  region.refusals.set('removeSubscription', new RefusalError('INVALID_DESTINATION', 'No durable subscription exists'))
  peer.receive(removeSubscription)
  expect(peer.takeSent()).toMatchObject([
    {
      exception: {
        className: 'javax.jms.InvalidDestinationException',
        message: 'No durable subscription exists',
      },
    },
  ])
})

test('a durable consumer is answered when its subscription is durable', () => {
  const { peer, region } = client()
  region.holdsSends = true
  const destination = { kind: 'ActiveMQTopic', physicalName: 'T' } as const
  peer.receive(consumerInfo({ destination, subscriptionName: 'S', commandId: 7, responseRequired: true }))
  expect(region.of('addConsumer')).toMatchObject([[{ subscriptionName: 'S' }]])
  expect(peer.takeSent()).toEqual([])
  region.waiting[0]!()
  expect(peer.takeSent()).toMatchObject([{ kind: 'Response', correlationId: 7 }])
})

test('FlushCommand and ControlCommand are answered when asked, and do nothing', () => {
  const { peer } = client()
  peer.receive(
    { kind: 'FlushCommand', commandId: 5, responseRequired: true },
    { kind: 'ControlCommand', commandId: 6, responseRequired: false, command: 'shutdown' },
  )
  expect(kinds(peer.takeSent())).toEqual(['Response'])
  expect(peer.closed).toBeUndefined()
})

test('commands of a connection that was not announced are refused', () => {
  const { service } = buildService()
  const peer = new TestSession(service).negotiate()
  peer.takeSent()
  peer.receive(consumerInfo(), textMessage())
  expect(peer.takeSent()).toMatchObject([
    { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
    { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
  ])
})
