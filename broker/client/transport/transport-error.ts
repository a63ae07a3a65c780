// Why a transport could not do what it was asked for. Those who use it say it in their own words.
import { FlotillaError } from '../../base/errors.ts'

type TransportErrorCode =
  /** The network, or what came over it. */
  | 'TRANSPORT'
  /** TLS: certificates, their files, or that one side does not speak it. */
  | 'TLS_FAILED'
  /** The broker refused the user: trying again makes no sense. */
  | 'USER_REFUSED'
  /** No broker was found in time. */
  | 'FAILOVER_TIMEOUT'
  /** The broker does not take a command of that size. */
  | 'FRAME_TOO_LARGE'

export class TransportError extends FlotillaError {
  declare readonly code: TransportErrorCode

  constructor(message: string, options: { code?: TransportErrorCode; cause?: unknown } = {}) {
    super(options.code ?? 'TRANSPORT', message, options)
  }
}

export const isTooLarge = (error: unknown): error is TransportError =>
  error instanceof TransportError && error.code === 'FRAME_TOO_LARGE'
