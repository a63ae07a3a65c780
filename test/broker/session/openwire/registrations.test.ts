import { expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import { client, kinds } from './connected-client.ts'
import { connectionId } from './session-harness.ts'
import { consumerId, consumerInfo, producerId, producerInfo, removeInfo, sessionInfo } from './test-commands.ts'

const refusal = new RefusalError('INVALID_REQUEST', 'Cannot do it: the test says so')

test('adding again is ignored, as failover clients do; a refused consumer may be added again', () => {
  const { peer, region } = client()
  region.refusals.set('addConsumer', refusal)
  peer.receive(consumerInfo())
  region.refusals.clear()
  peer.receive(consumerInfo(), consumerInfo(), producerInfo(), producerInfo(), sessionInfo())
  expect([region.of('addConsumer').length, region.of('addProducer').length]).toEqual([2, 1])
})

test.each([true, false])('a consumer that says retroactive = %s is told to the region as such', (retroactive) => {
  const { region } = client(consumerInfo({ retroactive }))
  expect(region.of('addConsumer')).toMatchObject([[{ retroactive }]])
})

test('session -1 exists without being announced, others do not', () => {
  const { peer, region } = client()
  peer.receive(
    consumerInfo({ consumerId: { ...consumerId, sessionId: -1 } }),
    consumerInfo({ consumerId: { ...consumerId, sessionId: 9 } }),
  )
  expect(peer.takeSent()).toMatchObject([
    { kind: 'Response' },
    { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
  ])
  expect(region.of('addConsumer')).toHaveLength(1)
})

test('removing a session removes its consumers and producers', () => {
  const { peer, region } = client(consumerInfo(), producerInfo())
  peer.receive(removeInfo({ kind: 'SessionId', connectionId, value: 1 }))
  expect(region.of('removeConsumer')).toEqual([[`${connectionId}:1:1`, 'unknown']])
  expect(region.of('removeProducer')).toEqual([[`${connectionId}:1:1`]])
})

test.each([
  ['session', { kind: 'SessionId', connectionId, value: 5 }],
  ['consumer', { ...consumerId, value: 5 }],
  ['producer', { ...producerId, value: 5 }],
  ['nothing', null],
] as const)('removing an unknown %s is an error', (_name, objectId) => {
  const { peer } = client()
  peer.receive(removeInfo(objectId))
  expect(kinds(peer.takeSent())).toEqual(['ExceptionResponse'])
})

test.each([
  ['queue', null, 0, 'nothing'],
  // The name means nothing there.
  ['queue', 'S', 0, 'nothing'],
  ['topic', 'S', 0, 'unknown'],
  ['topic', 'S', -1, 'nothing'],
  ['topic', 'S', 7, 7],
] as const)('what a consumer of a %s as %s has seen, when its client says %i, is %s', (kind, name, said, seen) => {
  const { peer, region } = client()
  const destination = { kind: kind === 'queue' ? 'ActiveMQQueue' : 'ActiveMQTopic', physicalName: 'D' } as const
  peer.receive(
    consumerInfo({ destination, subscriptionName: name }),
    removeInfo(consumerId, { lastDeliveredSequenceId: said }),
  )
  expect(region.of('removeConsumer')).toEqual([[`${connectionId}:1:1`, seen]])
})
