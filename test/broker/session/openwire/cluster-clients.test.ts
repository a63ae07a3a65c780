// What clients are told of other brokers, through the sessions that tell them.
import { describe, expect, test } from '@jest/globals'
import { ClusterClients, type ClusterClientOptions } from '../../../../broker/session/openwire/cluster-clients.ts'
import { buildFaultTolerantControl } from '../../../../broker/openwire/build-commands.ts'
import type { ClusterBroker } from '../../../../broker/session/cluster-brokers.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { buildService } from '../../../support/fake-region.ts'
import { connectionInfo, TestSession, untoldClients } from './session-harness.ts'

const own = 'tcp://test:61616'
const peer = (name: string, ...urls: string[]): ClusterBroker => ({
  brokerName: name,
  brokerId: `ID:${name}`,
  urls: urls.length > 0 ? urls : [`tcp://${name}:61616`],
})

/** A connector, and a way for clients to come. */
function connector(options: Partial<ClusterClientOptions> = {}) {
  const { service } = buildService()
  const all = { ...untoldClients, updateClusterClients: true, ...options }
  const clusterClients = new ClusterClients(all, service.cluster)
  let count = 0
  const client = (info: object = {}, version = 12): TestSession => {
    const id = `ID:client-${++count}`
    const session = new TestSession(service, {}, { clusterClients }).negotiate({ version })
    const connectionId = { kind: 'ConnectionId', value: id } as const
    return session.receive(
      connectionInfo({ connectionId, clientId: id, manageable: true, faultTolerant: true, ...info }),
    )
  }
  return { cluster: service.cluster, client }
}

const told = (session: TestSession): unknown[] =>
  session
    .takeSent()
    .flatMap((command: Command) =>
      command.kind === 'ConnectionControl' ? [[command.connectedBrokers, command.rebalanceConnection]] : [],
    )

describe('a new client', () => {
  test('is told of nobody by default', () => {
    const { cluster, client } = connector({ updateClusterClients: false, rebalanceClusterClients: true })
    cluster.peerAdded(peer('b'))
    const sent = client().takeSent()
    expect(sent[0]).toMatchObject({ kind: 'BrokerInfo', peerBrokerInfos: null })
    expect(sent[1]).toMatchObject({ kind: 'ConnectionControl', connectedBrokers: '', rebalanceConnection: false })
  })

  test('is told of this broker and of its peers, with their standbys', () => {
    const { cluster, client } = connector()
    cluster.peerAdded(peer('b', 'tcp://b1:61616', 'tcp://b2:61616'))
    const sent = client().takeSent()
    expect(sent[0]).toMatchObject({
      kind: 'BrokerInfo',
      brokerName: 'localhost',
      peerBrokerInfos: [
        { kind: 'BrokerInfo', brokerName: 'b', brokerURL: 'tcp://b1:61616', brokerId: { value: 'ID:b' } },
      ],
    })
    expect(sent[1]).toMatchObject({
      kind: 'ConnectionControl',
      connectedBrokers: `${own},tcp://b1:61616,tcp://b2:61616`,
      rebalanceConnection: false,
      faultTolerant: false,
    })
  })

  test('goes to the next broker in turn where load is to be shared, unless it has just come from one', () => {
    const { cluster, client } = connector({ rebalanceClusterClients: true })
    cluster.peerAdded(peer('b', 'tcp://b1:61616', 'tcp://b2:61616'))
    expect(told(client())).toEqual([[`${own},tcp://b1:61616,tcp://b2:61616`, true]])
    expect(told(client())).toEqual([[`tcp://b1:61616,tcp://b2:61616,${own}`, true]])
    expect(told(client({ failoverReconnect: true }))).toEqual([[`${own},tcp://b1:61616,tcp://b2:61616`, false]])
    expect(told(client())).toEqual([[`tcp://b1:61616,tcp://b2:61616,${own}`, true]])
  })

  test('that does not manage its connection is told nothing', () => {
    const { cluster, client } = connector()
    cluster.peerAdded(peer('b'))
    expect(told(client({ manageable: false }))).toEqual([])
  })
})

describe('when a broker joins', () => {
  test('clients that can move hear of it', () => {
    const { cluster, client } = connector()
    const able = client()
    const unable = client({ faultTolerant: false })
    const old = client({}, 5)
    const says = client({ faultTolerant: false }).receive(buildFaultTolerantControl())
    const gone = client()
    for (const session of [able, unable, old, says, gone]) session.takeSent()
    gone.session.close()
    cluster.peerAdded(peer('b'))
    expect(told(able)).toEqual([[`${own},tcp://b:61616`, false]])
    expect(told(says)).toEqual([[`${own},tcp://b:61616`, false]])
    expect([told(unable), told(old), told(gone)]).toEqual([[], [], []])
  })

  test('they are asked to move, each to another one', () => {
    const { cluster, client } = connector({ rebalanceClusterClients: true })
    const [one, two] = [client(), client({ failoverReconnect: true })]
    for (const session of [one, two]) session.takeSent()
    cluster.peerAdded(peer('b'))
    const both = [...told(one), ...told(two)]
    expect(both).toHaveLength(2)
    expect(both).toEqual(
      expect.arrayContaining([
        [`${own},tcp://b:61616`, true],
        [`tcp://b:61616,${own}`, true],
      ]),
    )
  })

  test('they are not bothered with what they know', () => {
    const { cluster, client } = connector({ updateClusterClientsOnRemove: true })
    cluster.peerAdded(peer('b'))
    const session = client()
    session.takeSent()
    cluster.peerAdded(peer('b'))
    expect(told(session)).toEqual([])
  })

  test('only brokers that the filter names count', () => {
    const { cluster, client } = connector({ updateClusterFilter: 'east-\\d+, north' })
    const session = client()
    session.takeSent()
    for (const name of ['west-1', 'east-1', 'east-x', 'the-north', 'north']) cluster.peerAdded(peer(name))
    expect(told(session)).toEqual([
      [`${own},tcp://east-1:61616`, false],
      [`${own},tcp://east-1:61616,tcp://north:61616`, false],
    ])
    expect(client().takeSent()[0]).toMatchObject({
      peerBrokerInfos: [{ brokerName: 'east-1' }, { brokerName: 'north' }],
    })
  })
})

describe('when a broker leaves', () => {
  test('clients keep it in their list by default, where its next bridge finds it', () => {
    const { cluster, client } = connector()
    const session = client()
    const first = peer('b')
    cluster.peerAdded(first)
    session.takeSent()
    cluster.peerRemoved(first)
    cluster.peerAdded({ ...first, brokerId: 'ID:b-again' })
    expect(told(session)).toEqual([])
    expect(told(client())).toEqual([[`${own},tcp://b:61616`, false]])
  })

  test('they hear of it with updateClusterClientsOnRemove, and stay where they are', () => {
    const { cluster, client } = connector({ updateClusterClientsOnRemove: true, rebalanceClusterClients: true })
    const session = client()
    const [b, c] = [peer('b'), peer('c')]
    cluster.peerAdded(b)
    cluster.peerAdded(c)
    session.takeSent()
    cluster.peerRemoved(b)
    expect(told(session)).toEqual([[expect.not.stringContaining('tcp://b'), false]])
    cluster.stop()
    cluster.peerRemoved(c)
    expect(told(session)).toEqual([])
  })
})
