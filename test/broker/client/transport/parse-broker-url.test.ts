import { describe, expect, test } from '@jest/globals'
import { parseBrokerUrl } from '../../../../broker/client/transport/parse-broker-url.ts'

const uris = (url: string): string[] => parseBrokerUrl(url).endpoints.map(({ uri }) => uri)

test.each([
  ['tcp://a:1', ['tcp://a:1']],
  ['tcp://a', ['tcp://a:61616']],
  ['tcp://[::1]:7', ['tcp://[::1]:7']],
  ['ssl://a', ['ssl://a:61617']],
  ['failover:(ssl://a:1,tcp://b:2)', ['ssl://a:1', 'tcp://b:2']],
  ['failover:(tcp://a:1,tcp://b:2)?randomize=false', ['tcp://a:1', 'tcp://b:2']],
  ['failover://(tcp://a:1, tcp://b:2)', ['tcp://a:1', 'tcp://b:2']],
  ['failover:tcp://a:1,tcp://b:2?tcpNoDelay=false', ['tcp://a:1', 'tcp://b:2']],
  ['failover:(tcp://a:1?wireFormat.cacheEnabled=true,tcp://b:2)', ['tcp://a:1', 'tcp://b:2']],
])('%s', (url, expected) => {
  expect(uris(url)).toEqual(expected)
})

test('a plain URL has no failover, the other has ActiveMQ’s defaults', () => {
  expect(parseBrokerUrl('tcp://a:1').failover).toBeNull()
  expect(parseBrokerUrl('failover:(tcp://a:1)').failover).toEqual({
    randomize: true,
    initialReconnectDelay: 10,
    maxReconnectDelay: 30_000,
    useExponentialBackOff: true,
    reconnectDelayExponent: 2,
    maxReconnectAttempts: -1,
    startupMaxReconnectAttempts: -1,
    timeout: -1,
    warnAfterReconnectAttempts: 10,
    trackMessages: false,
    maxCacheSize: 131_072,
    trackTransactionProducers: true,
    updateURIsSupported: true,
    rebalanceUpdateURIs: true,
    reconnectSupported: true,
    updateURIsURL: null,
    backup: false,
    backupPoolSize: 1,
    priorityBackup: false,
    priorityURIs: null,
  })
})

test.each(['list', '/a/list', 'file:///a/list', 'https://a/list', 'C:\\list'])(
  'a list can be read from %s',
  (location) => {
    const url = `failover:(tcp://a:1)?updateURIsURL=${encodeURIComponent(location)}`
    expect(parseBrokerUrl(url).failover!.updateURIsURL).toBe(location)
  },
)

test('TLS is as safe as it can be by default, and has ActiveMQ’s options', () => {
  const sslOf = (url: string) => parseBrokerUrl(url).endpoints.map(({ ssl }) => ssl)
  const strict = { verifyHostName: true, enabledProtocols: ['TLSv1.2', 'TLSv1.3'] }
  expect(sslOf('failover:(tcp://a:1,ssl://b:2?soTimeout=7)')).toEqual([null, strict])
  expect(sslOf('ssl://a:1?verifyHostName=false')).toEqual([{ ...strict, verifyHostName: false }])
  expect(sslOf('ssl://a:1?socket.verifyHostName=false')).toEqual([{ ...strict, verifyHostName: false }])
  expect(sslOf('failover:(ssl://a,ssl://b)?nested.socket.enabledProtocols=TLSv1.3')).toEqual([
    { ...strict, enabledProtocols: ['TLSv1.3'] },
    { ...strict, enabledProtocols: ['TLSv1.3'] },
  ])
  expect(sslOf('failover:(ssl://a?socket.enabledProtocols=TLSv1.2%2C%20TLSv1.3,ssl://b)')).toEqual([strict, strict])
})

test('both names of the exponent are accepted', () => {
  expect(parseBrokerUrl('failover:(tcp://a:1)?backOffMultiplier=3').failover!.reconnectDelayExponent).toBe(3)
  expect(parseBrokerUrl('failover:(tcp://a:1)?reconnectDelayExponent=1.5').failover!.reconnectDelayExponent).toBe(1.5)
})

test('options reach the part that they are for', () => {
  const url = parseBrokerUrl(
    'failover:(tcp://a:1?soTimeout=7,tcp://b:2)?nested.tcpNoDelay=false&nested.wireFormat.maxInactivityDuration=5&jms.useAsyncSend=true&jms.prefetchPolicy.all=3',
  )
  expect(url.endpoints[0]!.options).toMatchObject({ soTimeout: 7, tcpNoDelay: false })
  expect(url.endpoints[1]!.wireFormat.maxInactivityDurationMs).toBe(5)
  expect(Object.fromEntries(url.connectionOptions)).toEqual({ useAsyncSend: 'true', 'prefetchPolicy.all': '3' })
})

describe('what is not understood is refused by name', () => {
  test.each([
    [
      'failover:(tcp://a:1)?randomise=false',
      'Cannot use option randomise of failover:(…): accepted are backOffMultiplier, backup,',
    ],
    [
      'tcp://a:1?foo=1',
      'Cannot use option foo of tcp://a:1: accepted are connectionTimeout, keepAlive, soTimeout, tcpNoDelay',
    ],
    ['tcp://a:1?wireFormat.foo=1', 'Cannot use option foo of tcp://a:1 (wireFormat.)'],
    [
      'failover:(tcp://a:1)?timeout=soon',
      'Cannot use option timeout=soon of failover:(…): accepted is a whole number from -1',
    ],
    ['failover:(tcp://a:1)?randomize=yes', 'accepted is true or false'],
    ['failover:()', 'it names no broker'],
    ['failover:(tcp://a:1', 'accepted is failover:(uri,uri)?options'],
    ['amqp://a:1', 'Cannot use broker URI amqp://a:1: accepted are tcp://host:port and ssl://host:port'],
    [
      'tcp://a:1?verifyHostName=false',
      'Cannot use option verifyHostName of tcp://a:1: accepted are connectionTimeout,',
    ],
    ['ssl://a:1?verifyHostname=false', 'did you mean verifyHostName?'],
    ['ssl://a:1?socket.enabledProtocols=SSLv3', 'accepted is TLSv1.2, TLSv1.3 or TLSv1.2%2CTLSv1.3'],
    ['tcp://a:0', 'accepted are tcp://host:port'],
    ['tcp://a:99999', 'accepted are tcp://host:port'],
    ['tcp://a:1?soTimeout', 'options are written name=value'],
    ['http://a:1', 'Cannot use broker URI http://a:1: accepted are tcp://host:port'],
    ['discovery:(multicast://default)', 'accepted are tcp://host:port'],
    ['failover:(nio://a:1)', 'Cannot use broker URI nio://a:1: accepted are tcp://host:port'],
    ['failover:(tcp://a:1)?updateURIsURL=ftp://a/list', 'accepted is a path, or a file:, http: or https: URL'],
    ['failover:(tcp://a:1)?priorityURIs=amqp://a:1', 'Cannot use broker URI amqp://a:1: accepted are tcp://host:port'],
    ['failover:(tcp://a:1)?maxReconnectDelay=3000000000', 'accepted is a whole number from 0 to 2147483647'],
    ['tcp://a:1?wireFormat.version=13', 'accepted is a whole number from 1 to 12'],
    ['tcp://a:1?wireFormat.cacheSize=50', 'accepted is 0 or a whole number from 100'],
    ['', 'Cannot use broker URI : accepted are tcp://host:port'],
    [undefined as unknown as string, 'Cannot use undefined as URL: accepted are texts'],
  ])('%s', (url, message) => {
    expect(() => parseBrokerUrl(url)).toThrow(message)
  })
})
