// What a JMS client sees of a refusal: its class is the Java exception's.
import { FlotillaError, type ErrorFields } from '../base/errors.ts'

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
