// Why a connection over TLS did not come about, in one sentence for whoever has to mend it: from the codes of Node and OpenSSL. Pure.
import { errorCode, errorMessage } from '../../base/errors.ts'
import type { SslContext } from './ssl-context.ts'

/** The connection that failed, before anything came over it. */
export interface TlsAttempt {
  readonly host: string
  readonly sslContext: SslContext
  /** For this side the handshake was over: with TLS 1.3 the other side looks at our certificate only then. */
  readonly secured: boolean
}

/** Completes "Cannot connect to ssl://b:61617: ". Null when TLS has nothing to do with it: nobody listens, no such host. */
export function tlsFailureOf(error: Error | null, attempt: TlsAttempt): string | null {
  const code = errorCode(error) ?? ''
  const alert = /_ALERT_([A-Z0-9_]+)$/.exec(code)?.[1]
  if (alert !== undefined) return refusedWith(alert, attempt)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherName(error, attempt.host)
  if (untrusted.has(code)) return unknownAuthority(attempt.sslContext)
  const known = sentences.get(code)
  if (known !== undefined) return known
  if (/^ERR_(SSL|TLS|OSSL)_/.test(code)) return `the TLS handshake failed: ${errorMessage(error)}`
  // OpenSSL's names for what else can be wrong with a certificate, as in INVALID_PURPOSE.
  if (/^[A-Z0-9]+(_[A-Z0-9]+)+$/.test(code)) return `its certificate is refused: ${errorMessage(error)}`
  return null
}

/**
 * The same when the other side has just ended the connection, of which TLS may be the reason or not. Null when something else
 * happened. `attempt`: null when it was dialled without TLS.
 */
export function hangUpOf(error: Error | null, attempt: TlsAttempt | null): string | null {
  const code = errorCode(error)
  if (error !== null && code !== 'ECONNRESET' && code !== 'EPIPE') return null
  if (attempt === null) return 'it ended the connection and said nothing; does it speak TLS on this port (ssl://)?'
  const shown = shownBy(attempt.sslContext)
  const certificate = shown === undefined ? 'want a client certificate (of sslContext)' : `refuse the one in ${shown}`
  return attempt.secured
    ? `it ended the connection after the TLS handshake; does it ${certificate}?`
    : `it ended the connection in the TLS handshake; does it speak TLS on this port, or ${certificate}?`
}

/** Who is dialled without TLS, and answers with the alert that a TLS server has for those who do not speak it. */
export function isTlsAnswer(bytes: Buffer): boolean {
  const alertRecord = 0x15
  const majorVersion = 3
  return bytes[0] === alertRecord && bytes[1] === majorVersion
}

const noTls = 'it does not speak TLS on this port; dial the port of its ssl: connector, or write tcp://'
const noVersion = 'there is no version of TLS that both speak; see socket.enabledProtocols'

const sentences: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate, or that of its CA, has expired; it needs a new one'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet; compare the clocks of both machines'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', noTls],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', noTls],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', noVersion],
])

const untrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
])

const unknownAuthority = ({ trustStore }: SslContext): string =>
  trustStore === undefined
    ? 'its certificate is from a CA that this system does not know; name that CA in trustStore of sslContext'
    : `its certificate is from a CA that is not in ${trustStore}; put the certificate of that CA there`

function otherName(error: Error | null, host: string): string {
  const { cert } = (error ?? {}) as { readonly cert?: { readonly subjectaltname?: string } }
  const names = cert?.subjectaltname ?? 'no name at all'
  return `its certificate is for ${names}, not for ${host}; dial it by one of its names, or give it a certificate with this one`
}

/** Alerts about a certificate; some servers have only the first one for all of it. */
const aboutCertificate: ReadonlySet<string> = new Set([
  'HANDSHAKE_FAILURE',
  'CERTIFICATE_REQUIRED',
  'BAD_CERTIFICATE',
  'UNSUPPORTED_CERTIFICATE',
  'CERTIFICATE_UNKNOWN',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'UNKNOWN_CA',
  'ACCESS_DENIED',
])

function refusedWith(alert: string, { host, sslContext }: TlsAttempt): string {
  const words = alert.toLowerCase().replaceAll('_', ' ')
  if (alert === 'PROTOCOL_VERSION') return noVersion
  if (alert === 'UNRECOGNIZED_NAME') return `it has no certificate for the name ${host}; dial it by another one`
  if (!aboutCertificate.has(alert)) return `it ended the TLS handshake: ${words}`
  const shown = shownBy(sslContext)
  if (shown !== undefined)
    return `it does not accept the client certificate in ${shown}: ${words}; its trust store has to know the CA`
  return alert === 'HANDSHAKE_FAILURE'
    ? 'it ended the TLS handshake: it wants a client certificate (certificate and key of sslContext), or ciphers that are not known here'
    : 'it wants a client certificate; name certificate and key in sslContext'
}

/** The file of the certificate that the other side is shown, if there is one. */
const shownBy = ({ certificate, keyStore }: SslContext): string | undefined => certificate ?? keyStore
