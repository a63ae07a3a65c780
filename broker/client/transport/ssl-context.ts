// Whom a TLS connection trusts and who it is itself, from files: those of a Kubernetes Secret of type kubernetes.io/tls (PEM), or a
// PKCS #12 key store. They are read for each connection, so that the next one uses what was renewed. Each file is looked at by
// itself first: what OpenSSL says of all of them together names neither file nor field.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { errorCode, errorMessage } from '../../base/errors.ts'
import { TransportError } from './transport-error.ts'
import type { TlsProtocol } from './transport-options.ts'

/** Paths of files, and what opens them; names as in the broker's configuration. */
export interface SslContext {
  /** PEM: certificates of the CAs that are trusted. Left out: those of the system. */
  readonly trustStore?: string | undefined
  /** PEM: the certificate to show, with those between it and its CA behind it. */
  readonly certificate?: string | undefined
  /** PEM: its private key. */
  readonly key?: string | undefined
  readonly keyPassword?: string | undefined
  /** Instead of certificate and key: both in PKCS #12. */
  readonly keyStore?: string | undefined
  readonly keyStorePassword?: string | undefined
}

interface Files {
  /** Null: those of the system. */
  readonly trustStore: Buffer | null
  readonly certificate: Buffer | null
  readonly key: Buffer | null
  readonly keyStore: Buffer | null
}

/**
 * What was made last, and of which bytes: to make it takes ten milliseconds with the CAs of the system, and a bridge may be dialled
 * ten times in a second.
 */
const lastMade = new WeakMap<SslContext, { readonly of: string; readonly secureContext: SecureContext }>()

/** Rejects with TransportError that names the file, and the field that it stands in. */
export async function loadSecureContext(
  context: SslContext,
  protocols: readonly TlsProtocol[],
): Promise<SecureContext> {
  const [trustStore, certificate, key, keyStore] = await Promise.all([
    read('trustStore', context),
    read('certificate', context),
    read('key', context),
    read('keyStore', context),
  ])
  const of = [
    ...protocols,
    ...[trustStore, certificate, key, keyStore].map((bytes) => bytes?.toString('base64')),
  ].join()
  const last = lastMade.get(context)
  if (last?.of === of) return last.secureContext
  const secureContext = makeSecureContext(context, { trustStore, certificate, key, keyStore }, protocols)
  lastMade.set(context, { of, secureContext })
  return secureContext
}

function makeSecureContext(context: SslContext, files: Files, protocols: readonly TlsProtocol[]): SecureContext {
  const { trustStore, certificate, key, keyStore } = files
  const { keyPassword, keyStorePassword } = context
  const ca = trustStore ? certificatesIn('trustStore', context, trustStore).map(String) : [...systemTrust()]
  const chain = certificate && certificatesIn('certificate', context, certificate)
  if (chain) checkKey(context, chain[0]!, key)
  else if (key) throw wrongFile('key', context, 'no certificate is named')
  if (keyStore) checkKeyStore(context, keyStore)
  return createSecureContext({
    ca,
    minVersion: protocols.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: protocols.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ...(chain && key && { cert: chain.join(''), key, passphrase: keyPassword }),
    ...(keyStore && { pfx: keyStore, passphrase: keyStorePassword }),
  })
}

/** Read once: hundreds of certificates. */
let systemCertificates: readonly string[] | null = null

const systemTrust = (): readonly string[] =>
  (systemCertificates ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])])

async function read(field: keyof Files, context: SslContext): Promise<Buffer | null> {
  const path = context[field]
  if (path === undefined) return null
  try {
    return await readFile(path)
  } catch (error) {
    throw wrongFile(
      field,
      context,
      errorCode(error) === 'ENOENT' ? 'there is no such file' : errorMessage(error),
      error,
    )
  }
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function certificatesIn(field: keyof Files, context: SslContext, bytes: Buffer): readonly X509Certificate[] {
  const texts: readonly string[] = bytes.toString('latin1').match(certificatePattern) ?? []
  if (texts.length === 0) throw wrongFile(field, context, `it has no certificate in PEM${otherForm(bytes)}`)
  return texts.map((text, index) => {
    try {
      return new X509Certificate(text)
    } catch (error) {
      throw wrongFile(field, context, `certificate ${index + 1} in it cannot be read: ${errorMessage(error)}`, error)
    }
  })
}

function checkKey(context: SslContext, leaf: X509Certificate, key: Buffer | null): void {
  const { keyPassword, certificate } = context
  if (!key) throw wrongFile('certificate', context, 'no key is named')
  let privateKey
  try {
    privateKey = createPrivateKey({ key, ...(keyPassword !== undefined && { passphrase: keyPassword }) })
  } catch (error) {
    throw wrongFile('key', context, problemOfKey(key, keyPassword, error), error)
  }
  if (!leaf.checkPrivateKey(privateKey))
    throw wrongFile('key', context, `it is not the key of the certificate in ${certificate}`)
}

function problemOfKey(bytes: Buffer, password: string | undefined, error: unknown): string {
  const text = bytes.toString('latin1')
  if (!text.includes('PRIVATE KEY-----')) return `it has no private key in PEM${otherForm(bytes)}`
  if (!text.includes('ENCRYPTED')) return `it cannot be read: ${errorMessage(error)}`
  return password === undefined ? 'it is encrypted, and there is no keyPassword' : 'keyPassword does not open it'
}

function checkKeyStore(context: SslContext, pfx: Buffer): void {
  const { keyStorePassword: password } = context
  try {
    createSecureContext({ pfx, ...(password !== undefined && { passphrase: password }) })
  } catch (error) {
    throw wrongFile('keyStore', context, problemOfKeyStore(pfx, password, error), error)
  }
}

function problemOfKeyStore(pfx: Buffer, password: string | undefined, error: unknown): string {
  if (isJavaKeyStore(pfx)) return `it is no PKCS #12 file${otherForm(pfx)}`
  const text = errorMessage(error)
  if (/mac verify/i.test(text))
    return password === undefined
      ? 'it has a password, and there is no keyStorePassword'
      : 'keyStorePassword does not open it'
  if (/unsupported/i.test(text))
    return 'it is encrypted as was usual before 2020; openssl pkcs12 -legacy -in FILE -nodes makes PEM of it'
  return `it cannot be read as PKCS #12: ${text}`
}

const isJavaKeyStore = (bytes: Buffer): boolean => bytes.length > 4 && bytes.readUInt32BE() === 0xfeedfeed

/** DER, and so PKCS #12, begins with a SEQUENCE. */
const isDer = (bytes: Buffer): boolean => bytes[0] === 0x30

/** What it seems to be instead, and what makes the right one of it. */
function otherForm(bytes: Buffer): string {
  if (isJavaKeyStore(bytes))
    return ': it is a JKS store; keytool -importkeystore -srckeystore FILE -destkeystore NEW -deststoretype pkcs12 makes PKCS #12 of it'
  if (isDer(bytes)) return ': it is binary; keytool -exportcert -rfc or openssl pkcs12 makes PEM of PKCS #12'
  return ''
}

const wrongFile = (field: keyof Files, context: SslContext, problem: string, cause?: unknown): TransportError =>
  new TransportError(`Cannot use ${field} ${context[field]} of sslContext: ${problem}`, { code: 'TLS_FAILED', cause })
