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

/**
 * A refusal that a JMS client is to see as the Java exception `className`.
 * Only the classes that every client can build from one string (spec openwire.md section 8).
 */
export class JmsError extends FlotillaError {
  readonly className: JmsErrorClass

  constructor(className: JmsErrorClass, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super(className.slice(className.lastIndexOf('.') + 1), message, options)
    this.className = className
  }
}

export type JmsErrorClass =
  | 'javax.jms.JMSException'
  | 'javax.jms.InvalidClientIDException'
  | 'javax.jms.InvalidDestinationException'
  | 'javax.jms.InvalidSelectorException'
  | 'javax.jms.ResourceAllocationException'
  | 'javax.jms.JMSSecurityException'
  | 'javax.jms.TransactionRolledBackException'
  | 'java.lang.SecurityException'
  | 'java.lang.IllegalStateException'
  | 'java.io.IOException'
  | 'javax.transaction.xa.XAException'

/** True for errors of any realm: `instanceof` is false under Jest for errors that Node itself made. */
export const isError = (value: unknown): value is Error => Error.isError(value)

/** The text of anything thrown. */
export const errorMessage = (value: unknown): string => (isError(value) ? value.message : String(value))

/** The `code` of a Node or Flotilla error, if it has one. */
export const errorCode = (value: unknown): string | undefined => {
  const code = isError(value) ? (value as Error & { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}
