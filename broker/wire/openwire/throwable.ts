// Java exceptions as they travel in ExceptionResponse, ConnectionError and MessageAck (ActiveMQ:
// BaseDataStreamMarshaller.tightMarshalThrowable2).
import type { Throwable } from './commands.ts'

/** Versions 1 and 10 fail on an exception without a message, so there always is one. */
export const buildThrowable = (className: string, message: string, cause: Throwable | null = null): Throwable => ({
  className,
  message: message === '' ? className : message,
  stackTrace: [],
  cause,
})
