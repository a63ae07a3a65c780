// Certificates for what this broker dials over TLS, by the names of ActiveMQ's sslContext where they fit: of the whole broker, and of one
// network connector. Files are read when a connection is made (client/transport/ssl-context.ts): here only what can be named together.
import { z } from 'zod'
import { notThere } from './schema-parts.ts'

/** PATH_MAX of Linux. */
const maxPathLength = 4096
const maxPasswordLength = 1024

const path = (description: string) =>
  z
    .string()
    .max(maxPathLength)
    // oxlint-disable-next-line no-control-regex
    .regex(/^(?!(file|classpath):)[^\x00-\x1f\x7f]+$/, {
      error: 'expected the path of a file, without file: or classpath:',
    })
    .optional()
    .describe(description)

const password = (description: string) => z.string().min(1).max(maxPasswordLength).optional().describe(description)

const sslContextFields = {
  trustStore: path(
    'PEM file: certificates of the CAs that are trusted (ca.crt of a Secret). Left out: those of the system.',
  ),
  certificate: path('PEM file: what this broker shows to those that want a certificate of it (tls.crt of a Secret).'),
  key: path('PEM file: the private key of certificate (tls.key of a Secret).'),
  keyPassword: password('What opens key, if it is encrypted.'),
  keyStore: path('PKCS #12 file with both, instead of certificate and key.'),
  keyStorePassword: password('What opens keyStore.'),
}

/** Of ActiveMQ's, known by name so that who brings one along learns what stands here instead. */
const refusedFields = {
  trustStorePassword: notThere(
    'trustStore is a PEM file, which has none; keytool -exportcert -rfc makes one of a Java trust store',
  ),
  keyStoreKeyPassword: notThere('a PKCS #12 file has one password, see keyStorePassword'),
  keyStoreType: notThere('keyStore is PKCS #12'),
  trustStoreType: notThere('trustStore is PEM'),
  keyStoreAlgorithm: notThere('it is about Java'),
  trustStoreAlgorithm: notThere('it is about Java'),
  secureRandom: notThere('it is about Java'),
  secureRandomAlgorithm: notThere('it is about Java'),
  provider: notThere('it is about Java'),
  protocol: notThere('write it in the URI: ssl://host:port?socket.enabledProtocols=TLSv1.3'),
  crlPath: notThere('lists of revoked certificates are not supported by this version'),
}

type Given = { readonly [Name in keyof typeof sslContextFields]?: string | undefined }

/** For `refine`. */
const together = (
  one: keyof Given,
  other: keyof Given,
): [(given: Given) => boolean, { path: PropertyKey[]; error: string }] => [
  (given) => given[one] === undefined || given[other] !== undefined,
  { path: [one], error: `expected ${other} beside it` },
]

export const sslContextSchema = z
  .strictObject({ ...sslContextFields, ...refusedFields })
  .refine(...together('certificate', 'key'))
  .refine(...together('key', 'certificate'))
  .refine(...together('keyPassword', 'key'))
  .refine(...together('keyStorePassword', 'keyStore'))
  .refine(({ certificate, keyStore }) => certificate === undefined || keyStore === undefined, {
    path: ['keyStore'],
    error: 'expected either keyStore, or certificate and key',
  })
