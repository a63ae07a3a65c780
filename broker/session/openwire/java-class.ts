// The Java exceptions as which OpenWire clients see refusals: classes that every client can build from one string.
import type { RefusalCode, RefusalError } from '../../base/errors.ts'

const classes: Readonly<Record<RefusalCode, string>> = {
  INVALID_REQUEST: 'javax.jms.JMSException',
  INVALID_CLIENT_ID: 'javax.jms.InvalidClientIDException',
  INVALID_DESTINATION: 'javax.jms.InvalidDestinationException',
  DESTINATION_GONE: 'org.apache.activemq.DestinationDoesNotExistException',
  INVALID_SELECTOR: 'javax.jms.InvalidSelectorException',
  RESOURCE_LIMIT: 'javax.jms.ResourceAllocationException',
  TRANSACTION_ROLLED_BACK: 'javax.jms.TransactionRolledBackException',
  ILLEGAL_STATE: 'java.lang.IllegalStateException',
  UNSUPPORTED: 'javax.jms.JMSException',
}

export const javaClassOf = (code: RefusalCode): string => classes[code]

/** DestinationDoesNotExistException takes the name alone: it makes a sentence of it, and looks whether it is a temporary one. */
export const javaMessageOf = ({ code, message, fields }: RefusalError): string =>
  code === 'DESTINATION_GONE' ? String(fields.destination) : message
