// Network connectors in the broker's file.
import { describe, expect, test } from '@jest/globals'
import { ConfigError, defaultBrokerConfig, parseBrokerConfigText } from '../../../broker/config/load.ts'
import type { ConfigProblem } from '../../../broker/config/parse.ts'

const uri = 'static:(tcp://b:61616)'

async function problemsOf(value: unknown): Promise<readonly ConfigProblem[]> {
  const error = await parseBrokerConfigText('file', JSON.stringify(value)).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  return (error as ConfigError).problems
}

const told = async (value: unknown): Promise<string[]> =>
  (await problemsOf(value)).map(({ path, given, accepted }) => `${path}: ${given}, ${accepted}`)

test('there are none by default', () => {
  expect(defaultBrokerConfig()).toMatchObject({ networkConnectors: [] })
  expect(defaultBrokerConfig()).not.toHaveProperty('brokerId')
})

test('ActiveMQ’s names and the defaults of its newest release', async () => {
  const config = await parseBrokerConfigText('file', `networkConnectors: [{uri: '${uri}'}]`)
  expect(config.networkConnectors).toEqual([
    {
      name: 'NC',
      uri,
      autoStart: true,
      duplex: false,
      staticBridge: false,
      dynamicOnly: false,
      conduitSubscriptions: true,
      conduitNetworkQueueSubscriptions: false,
      decreaseNetworkConsumerPriority: true,
      consumerPriorityBase: -5,
      prefetchSize: 1000,
      advisoryPrefetchSize: 0,
      advisoryAckPercentage: 75,
      suppressDuplicateQueueSubscriptions: false,
      suppressDuplicateTopicSubscriptions: true,
      bridgeTempDestinations: true,
      alwaysSyncSend: true,
      dispatchAsync: true,
      useCompression: false,
      excludedDestinations: [],
      staticallyIncludedDestinations: [],
      dynamicallyIncludedDestinations: [],
      useVirtualDestSubs: false,
      syncDurableSubs: false,
      checkDuplicateMessagesOnDuplex: false,
      advisoryForFailedForward: false,
      clientIdToken: '_',
    },
  ])
})

test('lists of destinations', async () => {
  const text = `
networkConnectors:
  - uri: ${uri}
    dynamicallyIncludedDestinations: ['queue://ORDERS.>', 'topic://PRICES.*?forceDurable=true', 'topic://A?forceDurable=false']
    staticallyIncludedDestinations: ['queue://AUDIT']
    excludedDestinations: ['topic://local.>']
`
  const [connector] = (await parseBrokerConfigText('file', text)).networkConnectors
  expect(connector!.dynamicallyIncludedDestinations).toHaveLength(3)
})

describe('refused', () => {
  test.each([
    ['uri', 'tcp://b:61616', 'expected a discovery URI: in a network it is written static:(tcp://b:61616)'],
    ['uri', 'masterslave:(tcp://b)', 'expected a discovery URI: masterslave: needs two brokers at least'],
    ['prefetchSize', 0, 'expected number to be >=1'],
    ['messageTTL', -2, 'expected number to be >=-1'],
    ['consumerPriorityBase', 1000, 'expected number to be <=127'],
    ['name', ' a', 'expected 1 to 255 characters without control characters'],
    ['clientIdToken', '', 'expected 1 to 16 characters without control characters and space'],
    ['excludedDestinations[0]', 'A', 'expected queue://NAME or topic://NAME, also by wildcard'],
    ['excludedDestinations[0]', 'topic://A?forceDurable=true', 'expected queue://NAME or topic://NAME'],
    ['staticallyIncludedDestinations[0]', 'temp-queue://A', 'expected queue://NAME or topic://NAME'],
    ['dynamicallyIncludedDestinations[0]', 'queue://A,B', 'and perhaps ?forceDurable=true behind it'],
    ['dynamicallyIncludedDestinations[0]', 'topic://A?consumer.x=1', 'and perhaps ?forceDurable=true behind it'],
  ])('%s: %j', async (at, given, accepted) => {
    const list = /^(.*)\[0\]$/.exec(at)?.[1]
    const connector = { uri, ...(list === undefined ? { [at]: given } : { [list]: [given] }) }
    expect(await problemsOf({ networkConnectors: [connector] })).toEqual([
      { path: `networkConnectors[0].${at}`, given: JSON.stringify(given), accepted: expect.stringContaining(accepted) },
    ])
  })

  test('one without uri, and names that there are not', async () => {
    expect(await told({ networkConnectors: [{ prefetchsize: 10, gcSweepTimes: 1 }] })).toEqual([
      'networkConnectors[0].uri: nothing, expected string, received undefined',
      'networkConnectors[0].prefetchsize: 10, there is no such field; the nearest is prefetchSize',
      'networkConnectors[0].gcSweepTimes: 1, there is no such field; the nearest is gcSweepTime',
    ])
  })

  test.each([
    ['bridgeFactory', '#factory', 'Java class'],
    ['connectionFilter', '#filter', 'Java object'],
    ['localUri', 'vm://localhost', 'reaches its own broker inside the process'],
    ['objectName', 'org.apache.activemq:name=a', 'JMX'],
    ['gcDestinationViews', false, 'JMX'],
    ['gcSweepTime', 1000, 'JMX'],
    ['brokerName', 'a', 'each broker fills in its own'],
    ['brokerURL', 'tcp://a:61616', 'each broker fills in its own'],
    ['useBrokerNamesAsIdSeed', false, 'in one way only'],
  ])('%s, with the reason', async (attribute, given, reason) => {
    expect(await problemsOf({ networkConnectors: [{ uri, [attribute]: given }] })).toEqual([
      {
        path: `networkConnectors[0].${attribute}`,
        given: JSON.stringify(given),
        accepted: expect.stringContaining(reason),
      },
    ])
  })

  test.each([{ messageTTL: 1 }, { consumerTTL: 2 }])('networkTTL beside %j', async (other) => {
    expect(await told({ networkConnectors: [{ uri, networkTTL: 3, ...other }] })).toEqual([
      'networkConnectors[0].networkTTL: 3, expected either networkTTL, or messageTTL and consumerTTL: it sets both',
    ])
  })

  test('two of one name, also beside other mistakes', async () => {
    const networkConnectors = [{ uri }, { uri, name: 'b' }, { uri }]
    expect(await told({ networkConnectors, brokerName: 1 })).toEqual([
      'brokerName: 1, expected string, received number',
      'networkConnectors[2].name: "NC", already used by networkConnectors[0]',
    ])
  })

  test('more than 64', async () => {
    const networkConnectors = Array.from({ length: 65 }, (_, index) => ({ uri, name: `n${index}` }))
    expect(await problemsOf({ networkConnectors })).toMatchObject([{ path: 'networkConnectors' }])
  })
})

test('passwords are not told, neither alone nor in what is around them', async () => {
  const networkConnectors = [{ uri, password: 4711, remotePassword: '' }]
  expect(await told({ networkConnectors })).toEqual([
    'networkConnectors[0].password: a secret, expected string, received number',
    expect.stringMatching(/^networkConnectors\[0\]\.remotePassword: a secret, expected string to have >=1/),
  ])
  expect(await told({ networkConnectors: { password: '4711' } })).toEqual([
    'networkConnectors: {"password":"a secret"}, expected array, received object',
  ])
})

describe('the id of a broker', () => {
  test.each(['orders', 'ID:orders-g0', 'ID:host-61616-1-0:1'])('may be %s', async (brokerId) => {
    expect(await parseBrokerConfigText('file', JSON.stringify({ brokerId }))).toMatchObject({ brokerId })
  })

  test.each(['', 'a,b', 'a b', 'x'.repeat(256)])('may not be %j', async (brokerId) => {
    expect(await problemsOf({ brokerId })).toMatchObject([{ path: 'brokerId' }])
  })
})

describe('what a transport connector says to a network', () => {
  test('nothing by default', async () => {
    expect(defaultBrokerConfig().transportConnectors[0]).toMatchObject({
      updateClusterClients: false,
      rebalanceClusterClients: false,
      updateClusterClientsOnRemove: false,
    })
    expect(defaultBrokerConfig().transportConnectors[0]).not.toHaveProperty('discoveryUri')
  })

  test('by ActiveMQ’s names', async () => {
    const connector = {
      name: 'a',
      discoveryUri: 'multicast://orders',
      updateClusterClients: true,
      rebalanceClusterClients: true,
      updateClusterClientsOnRemove: true,
      updateClusterFilter: 'A.*, B.*,C',
    }
    const { transportConnectors } = await parseBrokerConfigText(
      'f',
      JSON.stringify({ transportConnectors: [connector] }),
    )
    expect(transportConnectors).toMatchObject([connector])
  })

  test.each([
    ['discoveryUri', 'static:(tcp://a)', 'expected multicast://default, multicast://group'],
    ['updateClusterFilter', 'A.*,(', 'expected regular expressions'],
  ])('%s: %s', async (attribute, given, accepted) => {
    expect(await problemsOf({ transportConnectors: [{ name: 'a', [attribute]: given }] })).toEqual([
      {
        path: `transportConnectors[0].${attribute}`,
        given: JSON.stringify(given),
        accepted: expect.stringContaining(accepted),
      },
    ])
  })
})

describe('what bridges may take along of a destination', () => {
  test('by ActiveMQ’s names; messages go back to where there are consumers unless said otherwise', async () => {
    const text = `
destinationPolicies:
  - {queue: A, conditionalNetworkBridgeFilter: {rateLimit: 10}}
  - {queue: B}
`
    const { destinationPolicies } = await parseBrokerConfigText('file', text)
    expect(destinationPolicies[0]).toMatchObject({
      conditionalNetworkBridgeFilter: {
        replayWhenNoConsumers: true,
        replayDelay: '0s',
        rateLimit: 10,
        rateDuration: '1s',
        selectorAware: false,
      },
    })
    expect(destinationPolicies[1]).not.toHaveProperty('conditionalNetworkBridgeFilter')
  })

  test('what there is not is refused with the nearest', async () => {
    const filter = { replayWhenNoConsumer: true, rateLimit: -1 }
    const at = 'destinationPolicies[0].conditionalNetworkBridgeFilter'
    expect(await told({ destinationPolicies: [{ queue: 'A', conditionalNetworkBridgeFilter: filter }] })).toEqual([
      `${at}.rateLimit: -1, expected number to be >=0`,
      `${at}.replayWhenNoConsumer: true, there is no such field; the nearest is replayWhenNoConsumers`,
    ])
  })
})
