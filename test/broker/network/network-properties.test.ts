import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { BridgeSettings, NamedDestination } from '../../../broker/network/connector-settings.ts'
import {
  advisoryFilter,
  formatNetworkProperties,
  parseNetworkProperties,
} from '../../../broker/network/network-properties.ts'
import { maxNetworkPropertiesLength } from '../../../broker/network/limits.ts'

const broker = { brokerName: 'b', brokerUrl: 'tcp://b:61616' }

function settingsIn(text: string | null): BridgeSettings {
  const parsed = parseNetworkProperties(text)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.settings
}

const reasonOf = (text: string): string => {
  const parsed = parseNetworkProperties(text)
  return parsed.ok ? 'none' : parsed.reason
}

const queue = (name: string, forceDurable = false): NamedDestination => ({
  destination: { kind: 'queue', name },
  forceDurable,
})
const topic = (name: string, forceDurable = false): NamedDestination => ({
  destination: { kind: 'topic', name },
  forceDurable,
})

const defaults: BridgeSettings = {
  name: 'NC',
  duplex: false,
  staticBridge: false,
  dynamicOnly: false,
  conduitSubscriptions: true,
  conduitNetworkQueueSubscriptions: false,
  decreaseNetworkConsumerPriority: true,
  consumerPriorityBase: -5,
  messageTTL: 1,
  consumerTTL: 1,
  prefetchSize: 1000,
  advisoryPrefetchSize: 0,
  advisoryAckPercentage: 75,
  suppressDuplicateQueueSubscriptions: false,
  suppressDuplicateTopicSubscriptions: true,
  bridgeTempDestinations: true,
  alwaysSyncSend: true,
  dispatchAsync: true,
  useCompression: false,
  userName: null,
  password: null,
  remoteUserName: null,
  remotePassword: null,
  destinationFilter: null,
  excludedDestinations: [],
  staticallyIncludedDestinations: [],
  dynamicallyIncludedDestinations: [],
  useVirtualDestSubs: false,
  syncDurableSubs: false,
  checkDuplicateMessagesOnDuplex: false,
  advisoryForFailedForward: false,
  clientIdToken: '_',
}

test.each([null, '', '#\n#Fri Nov 20 18:12:36 UTC 2026\n'])('%j says nothing: the defaults', (text) => {
  expect(settingsIn(text)).toEqual(defaults)
})

test('what ActiveMQ 5.17 sends with nothing configured but duplex', () => {
  const sent =
    '#\n#Fri Nov 20 18:12:36 UTC 2026\ngcDestinationViews=true\nconsumerTTL=1\nsuppressDuplicateQueueSubscriptions=false\n' +
    'decreaseNetworkConsumerPriority=false\ndispatchAsync=true\nadvisoryPrefetchSize=0\nduplex=true\nlocalUri=vm\\://localhost\n' +
    'useCompression=false\nprefetchSize=1000\nalwaysSyncSend=true\nconsumerPriorityBase=-5\nuseVirtualDestSus=false\nstopped=false\n' +
    'uri=static\\:(tcp\\://127.0.0.1\\:34279?wireFormat.cacheEnabled\\=false)\ndestinationFilter=ActiveMQ.Advisory.Consumer.>\n' +
    'brokerURL=\nbridgeTempDestinations=true\nname=NC\nbrokerName=localhost\n'
  expect(settingsIn(sent)).toEqual({
    ...defaults,
    duplex: true,
    decreaseNetworkConsumerPriority: false,
    destinationFilter: 'ActiveMQ.Advisory.Consumer.>',
  })
})

test('lists of destinations, as StringToListOfActiveMQDestinationConverter writes them', () => {
  const sent =
    'dynamicallyIncludedDestinations=[queue\\://A.>, topic\\://B?forceDurable\\=true&x\\=y, C]\nstaticallyIncludedDestinations=[]\n' +
    'excludedDestinations=[ topic\\://D ]\n'
  expect(settingsIn(sent)).toMatchObject({
    dynamicallyIncludedDestinations: [queue('A.>'), topic('B', true), queue('C')],
    staticallyIncludedDestinations: [],
    excludedDestinations: [topic('D')],
  })
})

test('networkTTL sets both, unless they are there', () => {
  expect(settingsIn('networkTTL=3')).toMatchObject({ messageTTL: 3, consumerTTL: 3 })
  expect(settingsIn('consumerTTL=-1\nnetworkTTL=3')).toMatchObject({ messageTTL: 3, consumerTTL: -1 })
})

test('written as ActiveMQ reads it: no list that is empty, no user that there is not', () => {
  const text = formatNetworkProperties(
    {
      ...defaults,
      duplex: true,
      userName: 'bridge',
      dynamicallyIncludedDestinations: [queue('A.>'), topic('B', true)],
    },
    broker,
    Date.UTC(2026, 10, 20, 18, 12, 36),
  )
  const lines = text.split('\n')
  expect(lines.slice(0, 2)).toEqual(['#', '#Fri Nov 20 18:12:36 UTC 2026'])
  expect(lines).toEqual(
    expect.arrayContaining([
      'brokerName=b',
      'brokerURL=tcp\\://b\\:61616',
      'name=NC',
      'duplex=true',
      'messageTTL=1',
      'userName=bridge',
      'dynamicallyIncludedDestinations=[queue\\://A.>, topic\\://B?forceDurable\\=true]',
    ]),
  )
  expect(text).not.toMatch(/password|excluded|staticallyIncluded|destinationFilter|networkTTL/)
})

test('the prefix of consumer advisories may be left out of a filter', () => {
  expect(advisoryFilter('Queue.A')).toBe('ActiveMQ.Advisory.Consumer.Queue.A')
  expect(advisoryFilter('ActiveMQ.Advisory.Consumer.>')).toBe('ActiveMQ.Advisory.Consumer.>')
  expect(settingsIn('destinationFilter=>').destinationFilter).toBe('ActiveMQ.Advisory.Consumer.>')
})

describe('a stranger’s nonsense is refused with the reason', () => {
  test.each([
    ['duplex=yes', 'its duplex is "yes", accepted is true or false'],
    ['prefetchSize=0', 'its prefetchSize is "0", accepted is a whole number from 1 to 2147483647'],
    ['prefetchSize=99999999999', 'accepted is a whole number from 1'],
    ['messageTTL=-2', 'accepted is a whole number from -1'],
    ['networkTTL=a', 'its messageTTL is "a"'],
    ['consumerPriorityBase=200', 'accepted is a whole number from -128 to 127'],
    ['name=', 'accepted is a text of 1 to 1024 characters'],
    ['name=a\\nb', 'accepted is a text of 1 to 1024 characters'],
    ['excludedDestinations=queue://A', 'as in [queue://A, topic://B]'],
    ['excludedDestinations=[queue://A,,B]', 'as in [queue://A, topic://B]'],
  ])('%s', (text, reason) => {
    expect(reasonOf(text)).toContain(reason)
  })

  test.each([
    ['a long name', `name=${'x'.repeat(1025)}`, 'accepted is a text of 1 to 1024 characters'],
    ['many destinations', `excludedDestinations=[${'A,'.repeat(1024)}A]`, 'at most 1024 destinations'],
    ['many properties', Array.from({ length: 257 }, (_, index) => `${index}=1`).join('\n'), 'the most is 256'],
    ['a long text', 'x'.repeat(maxNetworkPropertiesLength + 1), `the most is ${maxNetworkPropertiesLength}`],
  ])('%s', (_name, text, reason) => {
    expect(reasonOf(text)).toContain(reason)
  })

  test('without the password in it', () => {
    expect(reasonOf(`remotePassword=se\\u0007cret`)).toMatch(/^its remotePassword is another one, accepted is/)
  })

  test('whatever it is', () => {
    const text = fc.array(
      fc.oneof(fc.constantFrom(...Object.keys(defaults), '=', ':', '\\', '\n', '[', ']', ' '), fc.string()),
    )
    fc.assert(
      fc.property(text, (pieces) => {
        const parsed = parseNetworkProperties(pieces.join(''))
        expect(parsed.ok || parsed.reason.length > 0).toBe(true)
      }),
    )
  })
})

test('settings of any kind arrive as they were sent', () => {
  const word = fc.stringMatching(/^[^\p{Cc}]{1,20}$/u).filter((given) => given.trim() !== '')
  const list = fc.array(
    fc.record({
      destination: fc.record({
        kind: fc.constantFrom('queue' as const, 'topic' as const),
        name: fc.stringMatching(/^[A-Za-z0-9.*>_é-]{1,12}$/u),
      }),
      forceDurable: fc.boolean(),
    }),
    { maxLength: 4 },
  )
  const settings = fc.record({
    ...Object.fromEntries(
      Object.entries(defaults)
        .filter(([, value]) => typeof value === 'boolean')
        .map(([name]) => [name, fc.boolean()]),
    ),
    name: word,
    messageTTL: fc.integer({ min: -1, max: 99 }),
    prefetchSize: fc.integer({ min: 1, max: 5000 }),
    userName: fc.option(word),
    password: fc.option(word),
    destinationFilter: fc.option(word.map(advisoryFilter)),
    excludedDestinations: list,
    staticallyIncludedDestinations: list,
    dynamicallyIncludedDestinations: list,
    clientIdToken: word,
  })
  fc.assert(
    fc.property(settings, (some) => {
      const given: BridgeSettings = { ...defaults, ...some }
      expect(settingsIn(formatNetworkProperties(given, broker, 0))).toEqual(given)
    }),
  )
})
