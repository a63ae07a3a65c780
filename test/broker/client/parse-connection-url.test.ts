import { expect, test } from '@jest/globals'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'

test('options of the connection stand beside those of the way to it', () => {
  const { broker, options } = parseConnectionUrl(
    'failover:(tcp://a:1,tcp://b:2)?timeout=5&jms.useAsyncSend=true&jms.prefetchPolicy.all=3',
  )
  expect(options).toMatchObject({ useAsyncSend: true, 'prefetchPolicy.all': 3, closeTimeout: 15_000 })
  expect(broker.endpoints.map(({ uri }) => uri)).toEqual(['tcp://a:1', 'tcp://b:2'])
  expect(broker.failover).toMatchObject({ timeout: 5 })
})

test.each([
  ['tcp://a:1?jms.foo=1', 'Cannot use option foo of tcp://a:1 (jms.)'],
  ['failover:(tcp://a:1)?jms.foo=1', 'Cannot use option foo of failover: (jms.)'],
  ['tcp://a:1?jms.useCompresion=true', 'watchTopicAdvisories; did you mean useCompression?'],
  ['failover:(tcp://a:1)?maxReconectDelay=1', '; did you mean maxReconnectDelay?'],
  ['tcp://a:1?wireFormat.tightEncoding=true', '; did you mean tightEncodingEnabled?'],
])('what is not understood is refused by name: %s', (url, message) => {
  expect(() => parseConnectionUrl(url)).toThrow(message)
})
