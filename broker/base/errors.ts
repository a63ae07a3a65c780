// Errors that carry a stable code and the values that explain them. Messages read
// "Cannot append record of 5 MiB: largest record is 4 MiB": what could not be done, then the state that forbids it.

export type ErrorFields = Readonly<Record<string, unknown>>

export class FlotillaError extends Error {
  /** Stable, SCREAMING_SNAKE_CASE; safe to match on, unlike the message. */
  readonly code: string
  readonly fields: ErrorFields

  constructor(code: string, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.fields = options.fields ?? {}
  }
}

/** Why something that a client asked for was refused. Each protocol says it in its own words. */
export type RefusalCode =
  /** It makes no sense, or nothing that it names is there. */
  | 'INVALID_REQUEST'
  | 'INVALID_CLIENT_ID'
  | 'INVALID_DESTINATION'
  /** A temporary destination that is no more. */
  | 'DESTINATION_GONE'
  | 'INVALID_SELECTOR'
  /** The client has too much of something; the field `limit` names it. Or the broker has no room. */
  | 'RESOURCE_LIMIT'
  | 'TRANSACTION_ROLLED_BACK'
  /** What was asked does not fit what was said before on this connection. */
  | 'ILLEGAL_STATE'
  /** Not by this broker. */
  | 'UNSUPPORTED'

/** A refusal that its client is told of; nothing is wrong with the broker. */
export class RefusalError extends FlotillaError {
  declare readonly code: RefusalCode

  constructor(code: RefusalCode, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super(code, message, options)
  }
}

/** True for errors of any realm: `instanceof` is false under Jest for errors that Node itself made. */
export const isError = (value: unknown): value is Error => Error.isError(value)

/** The text of anything thrown. */
export const errorMessage = (value: unknown): string => (isError(value) ? value.message : String(value))

/** The `code` of a Node or Flotilla error, if it has one. */
export const errorCode = (value: unknown): string | undefined => {
  const code = isError(value) ? (value as Error & { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}
