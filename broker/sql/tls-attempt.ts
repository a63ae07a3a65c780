// How a connection is secured: a list of forms, of which the next one is tried when the server refuses one.

export interface TlsSettings {
  /** PEM; undefined = those that Node trusts. */
  readonly authority: string | undefined
  /** PEM, of the client. */
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly keyPassword: string | undefined
  /** What of the server's certificate is checked: nothing; who signed it; that, and whether it has the host's name. */
  readonly checks: 'Nothing' | 'Authority' | 'Identity'
}

/** Null = without TLS. */
export type TlsAttempt = TlsSettings | null
