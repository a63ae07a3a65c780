// What the configuration says of networks, in the terms of bridges.
import { describe, expect, test } from '@jest/globals'
import { parseBrokerConfigText } from '../../../broker/config/load.ts'
import type { BrokerConfig, BrokerConfigInput } from '../../../broker/config/schema.ts'
import {
  announcementsOf,
  drainTargetsOf,
  networkConnectorsOf,
  networkProblemsOf,
} from '../../../broker/member/network-settings.ts'
import { parseNetworkProperties } from '../../../broker/network/network-properties.ts'

const uri = 'static:(tcp://b:61616)'

const configOf = (value: BrokerConfigInput): Promise<BrokerConfig> =>
  parseBrokerConfigText('file', JSON.stringify(value))

const settingsOf = async (connector: object) =>
  networkConnectorsOf(await configOf({ networkConnectors: [{ uri, ...connector }] }))[0]!.settings

test('a connector that says nothing is as one of another broker that says nothing', async () => {
  const nothing = parseNetworkProperties(null)
  expect(nothing).toEqual({ ok: true, settings: await settingsOf({}) })
})

test('each connector has its brokers, and starts by itself unless told otherwise', async () => {
  const config = await configOf({
    networkConnectors: [
      { uri: 'masterslave:(tcp://b:1,tcp://c:2)?initialReconnectDelay=10' },
      { name: 'two', uri: 'multicast://orders', autoStart: false },
    ],
  })
  expect(networkConnectorsOf(config)).toMatchObject([
    {
      settings: { name: 'NC' },
      autoStart: true,
      discovery: { kind: 'static', targets: [{ uri: 'masterslave:(tcp://b:1,tcp://c:2)' }], reconnect: {} },
    },
    { settings: { name: 'two' }, autoStart: false, discovery: { kind: 'multicast', group: 'orders' } },
  ])
})

test.each([
  [{}, 1, 1],
  [{ networkTTL: 3 }, 3, 3],
  [{ messageTTL: 2 }, 2, 1],
  [{ consumerTTL: -1, messageTTL: 4 }, 4, -1],
])('of %j', async (given, messageTTL, consumerTTL) => {
  expect(await settingsOf(given)).toMatchObject({ messageTTL, consumerTTL })
})

test('destinations, users and the filter', async () => {
  expect(
    await settingsOf({
      userName: 'bridge',
      password: 'secret',
      destinationFilter: 'Queue.A',
      dynamicallyIncludedDestinations: ['queue://A.>', 'topic://B?forceDurable=true', 'topic://C?forceDurable=false'],
      staticallyIncludedDestinations: ['queue://D'],
      excludedDestinations: ['topic://E.*'],
    }),
  ).toMatchObject({
    userName: 'bridge',
    password: 'secret',
    remoteUserName: null,
    remotePassword: null,
    destinationFilter: 'ActiveMQ.Advisory.Consumer.Queue.A',
    dynamicallyIncludedDestinations: [
      { destination: { kind: 'queue', name: 'A.>' }, forceDurable: false },
      { destination: { kind: 'topic', name: 'B' }, forceDurable: true },
      { destination: { kind: 'topic', name: 'C' }, forceDurable: false },
    ],
    staticallyIncludedDestinations: [{ destination: { kind: 'queue', name: 'D' }, forceDurable: false }],
    excludedDestinations: [{ destination: { kind: 'topic', name: 'E.*' }, forceDurable: false }],
  })
})

test('transport connectors that other brokers are told of', async () => {
  const config = await configOf({
    transportConnectors: [{ name: 'a' }, { name: 'b', port: 1, discoveryUri: 'multicast://default?group=orders' }],
  })
  expect(announcementsOf(config)).toMatchObject([
    { transportConnector: 'b', discovery: { kind: 'multicast', group: 'orders' } },
  ])
})

describe('what the schema cannot see', () => {
  test('options of URIs, each with its place', async () => {
    const config = await configOf({
      transportConnectors: [{ name: 'a', discoveryUri: 'multicast://a?x=1' }],
      networkConnectors: [
        { uri },
        { name: 'b', uri: 'static:(tcp://b:61616?soTimeou=1)' },
        { name: 'c', uri: 'static:(tcp://c)?y=1' },
      ],
    })
    expect(networkProblemsOf(config)).toEqual([
      {
        path: 'transportConnectors[0].discoveryUri',
        given: '"multicast://a?x=1"',
        accepted: expect.stringContaining('Cannot use option x of multicast://a'),
      },
      {
        path: 'networkConnectors[1].uri',
        given: '"static:(tcp://b:61616?soTimeou=1)"',
        accepted: expect.stringContaining('did you mean soTimeout?'),
      },
      {
        path: 'networkConnectors[2].uri',
        given: '"static:(tcp://c)?y=1"',
        accepted: expect.stringContaining('Cannot use option y of static:(…)'),
      },
    ])
  })

  test('lists that no broker could be told', async () => {
    const excludedDestinations = Array.from({ length: 200 }, (_, index) => `queue://${'x'.repeat(180)}${index}`)
    expect(networkProblemsOf(await configOf({ networkConnectors: [{ uri, excludedDestinations }] }))).toEqual([
      {
        path: 'networkConnectors[0]',
        given: expect.stringContaining('too long together'),
        accepted: expect.stringContaining('the most is 32510'),
      },
    ])
  })

  test('nothing is wrong', async () => {
    expect(networkProblemsOf(await configOf({ networkConnectors: [{ uri }] }))).toEqual([])
  })
})

test('a drain goes to brokers that are named', () => {
  const parsed = drainTargetsOf(['static:(tcp://b:1,tcp://c:1)', 'masterslave:(tcp://d:1,tcp://e:1)'])
  expect(parsed).toMatchObject({
    ok: true,
    targets: [
      { uri: 'static:(tcp://b:1,tcp://c:1)', discovery: { targets: [{ uri: 'tcp://b:1' }, { uri: 'tcp://c:1' }] } },
      { discovery: { targets: [{ uri: 'masterslave:(tcp://d:1,tcp://e:1)' }] } },
    ],
  })
  expect(drainTargetsOf(['multicast://default', 'static:(tcp://b:1)', 'static:(tcp://b:1)', 'tcp://b:1'])).toEqual({
    ok: false,
    problems: [
      'to[0]: got "multicast://default", expected brokers by name: static:(…) or masterslave:(…)',
      'to[2]: got "static:(tcp://b:1)" again, expected each once',
      expect.stringMatching(/^to\[3\]: got "tcp:\/\/b:1", expected a discovery URI: Cannot use discovery URI /),
    ],
  })
})
