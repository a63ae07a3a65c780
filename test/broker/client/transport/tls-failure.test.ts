// Words for what others send when they end a handshake. Those for certificates are seen with real ones in tls.test.ts.
import { expect, test } from '@jest/globals'
import { hangUpOf, isTlsAnswer, tlsFailureOf } from '../../../../broker/client/transport/tls-failure.ts'

const failure = (code: string, message = 'as OpenSSL says it') => Object.assign(new Error(message), { code })
const nothingShown = { host: 'b', sslContext: {}, secured: false }
const shown = { host: 'b', sslContext: { certificate: '/tls/tls.crt', key: '/tls/tls.key' }, secured: true }
const keyStore = { host: 'b', sslContext: { keyStore: '/tls/store.p12' }, secured: true }

test.each([
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    nothingShown,
    'it wants a client certificate; name certificate and key',
  ],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', nothingShown, 'it wants a client certificate; name certificate and key'],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', nothingShown, 'or ciphers that are not known here'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', shown, 'it does not accept the client certificate in /tls/tls.crt: unknown ca'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', keyStore, 'certificate in /tls/store.p12: certificate expired'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', nothingShown, 'there is no version of TLS that both speak'],
  ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', nothingShown, 'the TLS handshake failed: as OpenSSL says it'],
  ['ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME', nothingShown, 'it has no certificate for the name b'],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', nothingShown, 'it ended the TLS handshake: internal error'],
  ['INVALID_PURPOSE', nothingShown, 'its certificate is refused: as OpenSSL says it'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', nothingShown, 'the TLS handshake failed: as OpenSSL says it'],
])('%s', (code, attempt, text) => {
  expect(tlsFailureOf(failure(code), attempt)).toContain(text)
})

test('nothing of TLS', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET']) {
    expect(tlsFailureOf(failure(code), nothingShown)).toBeNull()
  }
  expect(tlsFailureOf(null, nothingShown)).toBeNull()
})

test('who just ends the connection may have had a reason of TLS', () => {
  const reset = failure('ECONNRESET')
  expect(hangUpOf(reset, null)).toContain('does it speak TLS on this port (ssl://)?')
  expect(hangUpOf(reset, nothingShown)).toContain('in the TLS handshake; does it speak TLS on this port, or want a')
  expect(hangUpOf(null, shown)).toContain('after the TLS handshake; does it refuse the one in /tls/tls.crt?')
  expect(hangUpOf(failure('ECONNREFUSED'), nothingShown)).toBeNull()
})

test('an alert is no frame of OpenWire', () => {
  expect(isTlsAnswer(Buffer.from('15030300020246', 'hex'))).toBe(true)
  expect(isTlsAnswer(Buffer.from('0000010a01', 'hex'))).toBe(false)
  expect(isTlsAnswer(Buffer.of(0x15))).toBe(false)
})
