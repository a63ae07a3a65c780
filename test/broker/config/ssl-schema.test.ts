// sslContext in the broker's file: of the whole broker, and of a network connector.
import { expect, test } from '@jest/globals'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import { networkConnectorsOf } from '../../../broker/member/network-settings.ts'

const uri = 'static:(ssl://b:61617)'

const told = (sslContext: unknown): string[] => {
  const parsed = parseBrokerConfig({ sslContext })
  return parsed.ok ? [] : parsed.problems.map(({ path, given, accepted }) => `${path}: ${given}, ${accepted}`)
}

test.each([
  [{}],
  [{ trustStore: '/tls/ca.crt' }],
  [{ trustStore: 'tls/ca.crt', certificate: '/tls/tls.crt', key: '/tls/tls.key', keyPassword: 'secret' }],
  [{ keyStore: '/tls/store.p12', keyStorePassword: 'secret' }],
])('%j', (sslContext) => {
  expect(told(sslContext)).toEqual([])
})

test.each([
  [{ certificate: '/tls/tls.crt' }, 'sslContext.certificate: "/tls/tls.crt", expected key beside it'],
  [{ key: '/tls/tls.key' }, 'sslContext.key: "/tls/tls.key", expected certificate beside it'],
  [{ keyPassword: 'secret' }, 'sslContext.keyPassword: a secret, expected key beside it'],
  [{ keyStorePassword: 'secret' }, 'sslContext.keyStorePassword: a secret, expected keyStore beside it'],
  [
    { keyStore: '/s.p12', certificate: '/c', key: '/k' },
    'sslContext.keyStore: "/s.p12", expected either keyStore, or certificate and key',
  ],
  [
    { trustStore: 'file:/tls/ca.crt' },
    'sslContext.trustStore: "file:/tls/ca.crt", expected the path of a file, without file: or classpath:',
  ],
  [
    { truststore: '/tls/ca.crt' },
    'sslContext.truststore: "/tls/ca.crt", there is no such field; the nearest is trustStore',
  ],
  [
    { trustStorePassword: 'x' },
    'sslContext.trustStorePassword: a secret, trustStore is a PEM file, which has none; keytool',
  ],
  [{ crlPath: '/crl' }, 'lists of revoked certificates are not supported by this version'],
])('%j is refused', (sslContext, problem) => {
  expect(told(sslContext)).toEqual([expect.stringContaining(problem)])
})

test('that of a network connector stands in place of the whole broker’s', () => {
  const common = { trustStore: '/tls/ca.crt', certificate: '/tls/tls.crt', key: '/tls/tls.key' }
  const own = { trustStore: '/partner/ca.crt' }
  const parsed = parseBrokerConfig({
    sslContext: common,
    networkConnectors: [
      { name: 'near', uri },
      { name: 'far', uri, sslContext: own },
    ],
  })
  expect(parsed.ok && networkConnectorsOf(parsed.config).map(({ sslContext }) => sslContext)).toEqual([common, own])
})
