// Commands that the broker sends on its own account.
import type { RefusalError } from '../../base/errors.ts'
import type {
  ConnectionError,
  ExceptionResponse,
  ProducerAck,
  ProducerId,
  Throwable,
} from '../../wire/openwire/commands.ts'
import { buildConnectionError, buildExceptionResponse } from '../../openwire/build-commands.ts'
import { buildThrowable } from '../../wire/openwire/throwable.ts'
import { javaClassOf, javaMessageOf } from './java-class.ts'

const header = { commandId: 0, responseRequired: false } as const

export const buildRefusal = (correlationId: number, error: RefusalError): ExceptionResponse =>
  buildExceptionResponse(correlationId, throwableOf(error))

/** For commands that asked for no answer. */
export const buildUnaskedRefusal = (error: RefusalError): ConnectionError => buildConnectionError(throwableOf(error))

export const buildProducerAck = (producerId: ProducerId | null, size: number): ProducerAck => ({
  kind: 'ProducerAck',
  ...header,
  producerId,
  size,
})

const throwableOf = (error: RefusalError): Throwable => buildThrowable(javaClassOf(error.code), javaMessageOf(error))
