import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseDiscoveryUri, type DiscoveryUri } from '../../../broker/network/discovery-uri.ts'

const parseStatic = (uri: string): Extract<DiscoveryUri, { kind: 'static' }> => {
  const parsed = parseDiscoveryUri(uri)
  if (parsed.kind !== 'static') throw new Error(`${uri} is ${parsed.kind}`)
  return parsed
}

const parseMulticast = (uri: string): Extract<DiscoveryUri, { kind: 'multicast' }> => {
  const parsed = parseDiscoveryUri(uri)
  if (parsed.kind !== 'multicast') throw new Error(`${uri} is ${parsed.kind}`)
  return parsed
}

const targets = (uri: string) =>
  parseStatic(uri).targets.map(({ uri: shown, endpoints, randomize }) => [
    shown,
    endpoints.map((endpoint) => endpoint.uri),
    randomize,
  ])

test('static: is one bridge for each broker, with ActiveMQ’s defaults', () => {
  expect(targets('static:(tcp://a:1,tcp://b)')).toEqual([
    ['tcp://a:1', ['tcp://a:1'], false],
    ['tcp://b:61616', ['tcp://b:61616'], false],
  ])
  expect(parseStatic('static:(tcp://a:1)').reconnect).toEqual({
    initialReconnectDelayMs: 1000,
    maxReconnectDelayMs: 30_000,
    useExponentialBackOff: true,
    backOffMultiplier: 2,
    maxReconnectAttempts: 0,
    minConnectTimeMs: 5000,
  })
})

test('masterslave: is one bridge to the first of its brokers that can be had', () => {
  expect(targets('masterslave:(tcp://a:1,tcp://b:2)?maxReconnectDelay=5000')).toEqual([
    ['masterslave:(tcp://a:1,tcp://b:2)', ['tcp://a:1', 'tcp://b:2'], false],
  ])
})

test.each([
  ['failover:(tcp://a:1,tcp://b:2)', true],
  ['failover:(tcp://a:1,tcp://b:2)?randomize=false&maxReconnectAttempts=0', false],
  ['failover:(tcp://a:1,tcp://b:2)?maxReconnectAttempts=-1&initialReconnectDelay=10&trackMessages=true', true],
])('%s inside is a list of brokers for one bridge', (member, randomize) => {
  expect(targets(`static:(${member},tcp://c:3)`)).toEqual([
    ['failover:(tcp://a:1,tcp://b:2)', ['tcp://a:1', 'tcp://b:2'], randomize],
    ['tcp://c:3', ['tcp://c:3'], false],
  ])
})

test('options reach the part that they are for', () => {
  const { targets: bridges, reconnect } = parseStatic(
    'static:(tcp://a:1?wireFormat.maxInactivityDuration=5&keepAlive=true,failover:(tcp://b:2)?nested.soTimeout=7)' +
      '?initialReconnectDelay=1&maxReconnectDelay=2&useExponentialBackOff=false&backOffMultiplier=1.5&maxReconnectAttempts=4&minConnectTime=6',
  )
  expect(bridges[0]!.endpoints[0]!.wireFormat.maxInactivityDurationMs).toBe(5)
  expect(bridges[0]!.endpoints[0]!.options.keepAlive).toBe(true)
  expect(bridges[1]!.endpoints[0]!.options.soTimeout).toBe(7)
  expect(reconnect).toEqual({
    initialReconnectDelayMs: 1,
    maxReconnectDelayMs: 2,
    useExponentialBackOff: false,
    backOffMultiplier: 1.5,
    maxReconnectAttempts: 4,
    minConnectTimeMs: 6,
  })
})

test('-1 attempts are as many as it takes', () => {
  expect(parseStatic('static:(tcp://a)?maxReconnectAttempts=-1').reconnect.maxReconnectAttempts).toBe(0)
})

test('multicast: with ActiveMQ’s defaults', () => {
  expect(parseMulticast('multicast://default')).toEqual({
    kind: 'multicast',
    address: '239.255.2.3',
    port: 6155,
    group: 'default',
    keepAliveIntervalMs: 500,
    timeToLive: 1,
    loopBackMode: false,
    interface: null,
    reconnect: {
      initialReconnectDelayMs: 5000,
      maxReconnectDelayMs: 30_000,
      useExponentialBackOff: false,
      backOffMultiplier: 2,
      maxReconnectAttempts: 0,
      minConnectTimeMs: 60_000,
    },
  })
})

test.each([
  ['multicast://orders', 'orders'],
  ['multicast://default?group=orders', 'orders'],
  ['multicast://239.255.2.3:6155?group=orders', 'orders'],
  ['multicast://239.255.2.3', 'default'],
])('the group of %s', (uri, group) => {
  expect(parseMulticast(uri)).toMatchObject({ address: '239.255.2.3', port: 6155, group })
})

test('what a group is told', () => {
  expect(
    parseMulticast(
      'multicast://224.1.1.1:7?keepAliveInterval=100&timeToLive=3&loopBackMode=true&interface=10.0.0.1&initialReconnectDelay=1&maxReconnectAttempts=2',
    ),
  ).toMatchObject({
    address: '224.1.1.1',
    port: 7,
    keepAliveIntervalMs: 100,
    timeToLive: 3,
    loopBackMode: true,
    interface: '10.0.0.1',
    reconnect: { initialReconnectDelayMs: 1, maxReconnectAttempts: 2 },
  })
})

test.each(['interface', 'networkInterface', 'joinNetworkInterface', 'networkInterface=eth0&joinNetworkInterface'])(
  'a network interface by %s',
  (option) => {
    expect(parseMulticast(`multicast://default?${option}=eth0`).interface).toBe('eth0')
  },
)

describe('what is not understood is refused by name', () => {
  test.each([
    ['tcp://b:61616', 'Cannot use discovery URI tcp://b:61616: in a network it is written static:(tcp://b:61616)'],
    ['static:(tcp://a:0)', 'Cannot use broker URI tcp://a:0: accepted are tcp://host:port and ssl://host:port'],
    ['static:(tcp://a:1?foo=1)', 'Cannot use option foo of tcp://a:1: accepted are connectionTimeout'],
    [
      'static:(tcp://a)?initialReconectDelay=1',
      'Cannot use option initialReconectDelay of static:(…): accepted are backOffMultiplier, initialReconnectDelay, maxReconnectAttempts, maxReconnectDelay, minConnectTime, useExponentialBackOff; did you mean initialReconnectDelay?',
    ],
    ['static:(tcp://a)?maxReconnectDelay=soon', 'Cannot use option maxReconnectDelay=soon of static:(…)'],
    ['masterslave:(tcp://a,tcp://b)?x=1', 'Cannot use option x of masterslave:(…)'],
    ['static:(tcp://a:1,tcp://a:1)', 'it names tcp://a:1 twice'],
    ['static:(tcp://a,failover:(tcp://b,tcp://a:61616))', 'it names tcp://a:61616 twice'],
    ['static:(failover:(tcp://a)?randomise=true)', 'Cannot use option randomise of failover:(…)'],
    ['static:(failover:())', 'it names no broker'],
    ['static:(failover:(tcp://a)?backup=true)', 'Cannot use option backup of failover:(tcp://a)?backup=true: a bridge'],
    ['static:(failover:(tcp://a)?priorityBackup=true)', 'Cannot use option priorityBackup of'],
    ['static:(failover:(tcp://a)?updateURIsURL=/list)', 'Cannot use option updateURIsURL of'],
    ['static:(failover:(tcp://a)?jms.useAsyncSend=true)', 'Cannot use option jms.useAsyncSend of'],
    [
      'static:(failover:(amqp://a))',
      'Cannot use broker URI amqp://a: accepted are tcp://host:port and ssl://host:port',
    ],
    ['multicast://orders?group=other', 'accepted is multicast://default?group=other'],
    [
      'multicast://default?group=',
      'Cannot use option group= of multicast://239.255.2.3: accepted is a name of 1 to 255',
    ],
    ['multicast://default?group=a%25b', 'accepted is a name of 1 to 255 characters'],
    ['multicast://default?keepAliveInterval=0', 'accepted is a whole number from 10'],
    ['multicast://default?timeToLive=256', 'accepted is a whole number from 0 to 255'],
    ['multicast://default?minConnectTime=1', 'Cannot use option minConnectTime of multicast://239.255.2.3'],
    ['multicast://default?interface=', 'accepted is a network interface'],
    ['multicast://default?interface=10.0.0.1&networkInterface=eth0', 'accepted is one for sending and listening'],
    [undefined as unknown as string, 'Cannot use undefined as discovery URI'],
  ])('%s', (uri, message) => {
    expect(() => parseDiscoveryUri(uri)).toThrow(message)
  })
})

describe('for any brokers', () => {
  const broker = fc
    .tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), fc.integer({ min: 1, max: 65_535 }))
    .map(([host, port]) => `tcp://${host}:${port}`)
  const brokers = (minLength: number) => fc.uniqueArray(broker, { minLength, maxLength: 6 })

  test('what is shown of bridges is what they were made of', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(broker, { minLength: 1, maxLength: 12 }),
        fc.nat(3),
        fc.boolean(),
        (uris, cut, spaced) => {
          const inner = uris.slice(0, cut)
          const members = [...(inner.length > 0 ? [`failover:(${inner.join(',')})`] : []), ...uris.slice(cut)]
          const parsed = parseStatic(`static:(${members.join(spaced ? ' , ' : ',')})`)
          expect(parsed.targets.map(({ uri }) => uri)).toEqual(members)
          expect(parsed.targets.flatMap(({ endpoints }) => endpoints.map(({ uri }) => uri))).toEqual(uris)
          expect(parseStatic(`static:(${parsed.targets.map(({ uri }) => uri).join(',')})`)).toEqual(parsed)
        },
      ),
    )
  })

  test('what is shown of a masterslave is one', () => {
    fc.assert(
      fc.property(brokers(2), (uris) => {
        const parsed = parseStatic(`masterslave:(${uris.join(',')})`)
        expect(parseStatic(parsed.targets[0]!.uri)).toEqual(parsed)
      }),
    )
  })

  test('whatever somebody writes is understood, or refused in a sentence', () => {
    const piece = fc.constantFrom(
      ...'static:|masterslave:|multicast://|failover:|//|(|)|,|?|&|=|tcp://a|tcp://b:2|group|default|true|%|%41|239.255.2.3|:|x| '.split(
        '|',
      ),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (uri) => {
          try {
            expect(['static', 'multicast']).toContain(parseDiscoveryUri(uri).kind)
          } catch (error) {
            expect((error as { code?: string }).code).toBe('CONNECTION_URL')
            expect((error as Error).message).toMatch(/^Cannot use /)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
