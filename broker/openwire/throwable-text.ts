// What a Java broker would write down of an exception that a client sent: ActiveMQ makes an exception of it again and calls
// toString. Stack trace and cause are no part of that.
import type { Throwable } from '../wire/openwire/commands.ts'

/** Classes that a broker has. Of any other ActiveMQ makes a Throwable that names it (BaseDataStreamMarshaller.createThrowable). */
const known = /^(java|javax|jakarta|org\.apache\.activemq)\./

export function causeText({ className, message }: Throwable): string {
  if (className === null) return withMessage('java.lang.Throwable', message)
  return known.test(className) ? withMessage(className, message) : `java.lang.Throwable: ${className}: ${message}`
}

const withMessage = (className: string, message: string | null): string =>
  message === null ? className : `${className}: ${message}`
