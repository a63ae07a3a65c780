// X.509 certificates for tests of TLS, made when they are needed: nothing that expires lies in the repository, and no OpenSSL has to be
// on the machine. Node reads certificates but writes none, so their DER is written here: version 3, P-256, ECDSA with SHA-256
// (RFC 5280, section 4.1).
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

export interface IssueOptions {
  /** Host names and IPv4 addresses; the first is the common name, too. */
  readonly names: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** PEM. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface Authority {
  /** PEM. */
  readonly certificate: string
  readonly issue: (options: IssueOptions) => Issued
}

const dayMs = 86_400_000
const yesterday = () => new Date(Date.now() - dayMs)
const tomorrow = () => new Date(Date.now() + dayMs)

export function makeAuthority(name: string): Authority {
  const ca = newKeys()
  const certificate = pem(
    certificateOf(
      { subject: name, issuer: name, names: [], isAuthority: true, publicKey: ca.publicKey },
      ca.privateKey,
    ),
  )
  return {
    certificate,
    issue: ({ names, notBefore, notAfter }) => {
      const { publicKey, privateKey } = newKeys()
      const contents = { subject: names[0]!, issuer: name, names, isAuthority: false, publicKey, notBefore, notAfter }
      return {
        certificate: pem(certificateOf(contents, ca.privateKey)),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      }
    },
  }
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

interface Contents {
  readonly subject: string
  readonly issuer: string
  readonly names: readonly string[]
  readonly isAuthority: boolean
  readonly publicKey: KeyObject
  readonly notBefore?: Date | undefined
  readonly notAfter?: Date | undefined
}

function certificateOf(contents: Contents, issuerKey: KeyObject): Buffer {
  const { subject, issuer, publicKey, notBefore = yesterday(), notAfter = tomorrow() } = contents
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    distinguishedName(issuer),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensionsOf(contents))),
  )
  return sequence(toBeSigned, ecdsaWithSha256, bitString(sign('sha256', toBeSigned, issuerKey)))
}

function extensionsOf({ names, isAuthority }: Contents): Buffer[] {
  const basicConstraints = isAuthority ? sequence(der(0x01, Buffer.of(0xff))) : sequence()
  return [
    sequence(oid.basicConstraints, der(0x01, Buffer.of(0xff)), der(0x04, basicConstraints)),
    ...(names.length === 0 ? [] : [sequence(oid.subjectAltName, der(0x04, sequence(...names.map(generalName))))]),
  ]
}

const generalName = (name: string): Buffer =>
  isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name, 'latin1'))

const distinguishedName = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(oid.commonName, der(0x0c, Buffer.from(commonName)))))

/** UTCTime; from 2050 on it would have to be GeneralizedTime. */
const time = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replaceAll(/[-:T]|\..*$/g, '')
        .slice(2)}Z`,
    ),
  )

/** Java insists on the shortest form of each length. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), body])
}

const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents)
const integer = (bytes: Buffer): Buffer => der(0x02, bytes)
const bitString = (bytes: Buffer): Buffer => der(0x03, Buffer.of(0), bytes)
const explicit = (tag: number, content: Buffer): Buffer => der(0xa0 + tag, content)

const oid = {
  commonName: der(0x06, Buffer.of(0x55, 4, 3)),
  subjectAltName: der(0x06, Buffer.of(0x55, 0x1d, 17)),
  basicConstraints: der(0x06, Buffer.of(0x55, 0x1d, 19)),
}
const ecdsaWithSha256 = sequence(der(0x06, Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)))

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`
