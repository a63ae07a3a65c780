import { expect, test } from '@jest/globals'
import { ClusterBrokers, type ClusterBroker } from '../../../broker/session/cluster-brokers.ts'

const own = { brokerName: 'a', brokerId: 'ID:a', brokerUrl: 'tcp://a:61616' }
const peer = (name: string, ...urls: string[]): ClusterBroker => ({ brokerName: name, brokerId: `ID:${name}`, urls })

test('knows itself and the brokers that bridges lead to, once each, with all that is known of how to dial them', () => {
  const brokers = new ClusterBrokers(own)
  brokers.peerAdded(peer('b', 'tcp://b1:61616', 'tcp://b2:61616'))
  brokers.peerAdded(peer('c', 'tcp://c:61616'))
  brokers.peerAdded(peer('b', 'tcp://b1:61616', 'tcp://b3:61616'))
  expect(brokers.own).toEqual({ brokerName: 'a', brokerId: 'ID:a', urls: ['tcp://a:61616'] })
  expect(brokers.peers).toEqual([
    peer('b', 'tcp://b1:61616', 'tcp://b2:61616', 'tcp://b3:61616'),
    peer('c', 'tcp://c:61616'),
  ])
})

test('a broker goes with the last bridge that led to it', () => {
  const brokers = new ClusterBrokers(own)
  const [one, other] = [peer('b', 'tcp://b:61616'), peer('b', 'tcp://b:61616')]
  brokers.peerAdded(one)
  brokers.peerAdded(other)
  brokers.peerRemoved(one)
  brokers.peerRemoved(one)
  expect(brokers.peers).toHaveLength(1)
  brokers.peerRemoved(other)
  expect(brokers.peers).toEqual([])
})

test('tells of every change, until this broker ends', () => {
  const brokers = new ClusterBrokers(own)
  let changes = 0
  brokers.listen(() => changes++)
  const b = peer('b', 'tcp://b:61616')
  brokers.peerRemoved(b)
  brokers.peerAdded(b)
  brokers.peerRemoved(b)
  expect(changes).toBe(2)
  brokers.stop()
  brokers.peerAdded(b)
  expect(changes).toBe(2)
})

test('what nobody can dial is left out: the other broker says it', () => {
  const brokers = new ClusterBrokers(own)
  const long = `tcp://${'b'.repeat(1024)}:61616`
  brokers.peerAdded(peer('b', '', 'b', 'tcp://b:1,tcp://evil:1', 'tcp://b :1', long, 'nio+ssl://b:1?x=y'))
  brokers.peerAdded(peer('c', ''))
  brokers.peerAdded(peer('a', 'tcp://itself:61616'))
  expect(brokers.peers).toEqual([peer('b', 'nio+ssl://b:1?x=y')])
})
