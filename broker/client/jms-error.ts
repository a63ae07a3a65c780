// Errors as a JMS client knows them: each is named after the class that the same error has in Java.
import { FlotillaError, type ErrorFields } from '../base/errors.ts'
import { TransportError } from './transport/transport-error.ts'

export class JmsError extends FlotillaError {
  /** With its package. */
  readonly className: JmsErrorClass

  constructor(className: JmsErrorClass, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    const name = className.slice(className.lastIndexOf('.') + 1)
    super(name, message, options)
    this.name = name
    this.className = className
  }
}

/** Those that the client itself makes, and that brokers are known to send. */
export type JmsErrorClass =
  | 'javax.jms.JMSException'
  | 'javax.jms.IllegalStateException'
  | 'javax.jms.InvalidClientIDException'
  | 'javax.jms.InvalidDestinationException'
  | 'javax.jms.InvalidSelectorException'
  | 'javax.jms.MessageFormatException'
  | 'javax.jms.ResourceAllocationException'
  | 'javax.jms.JMSSecurityException'
  | 'javax.jms.TransactionRolledBackException'
  | 'java.lang.SecurityException'
  | 'java.lang.IllegalStateException'
  | 'java.io.IOException'
  | 'javax.transaction.xa.XAException'
  | 'org.apache.activemq.ConfigurationException'

/** The same failure in JMS words; bugs stay what they are. */
export function jmsErrorOf(error: Error): Error {
  if (error instanceof JmsError || !(error instanceof FlotillaError)) return error
  const refused = error instanceof TransportError && error.code === 'USER_REFUSED'
  return new JmsError(refused ? 'java.lang.SecurityException' : 'javax.jms.JMSException', error.message, {
    cause: error,
  })
}
