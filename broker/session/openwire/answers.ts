// Commands that the broker sends on its own account.
import type { RefusalError } from '../../base/errors.ts'
import type {
  BrokerInfo,
  ConnectionError,
  ExceptionResponse,
  ProducerAck,
  ProducerId,
  Throwable,
} from '../../wire/openwire/commands.ts'
import { buildConnectionError, buildExceptionResponse } from '../../openwire/build-commands.ts'
import { buildThrowable } from '../../wire/openwire/throwable.ts'
import type { BrokerIdentity } from '../../region/broker-identity.ts'
import { javaClassOf, javaMessageOf } from './java-class.ts'

const header = { commandId: 0, responseRequired: false } as const

/** Clients need it before they can do XA or ask for the broker's name. */
export const buildBrokerInfo = (
  { brokerId, brokerName, brokerUrl }: BrokerIdentity,
  peerBrokerInfos: readonly BrokerInfo[] | null = null,
): BrokerInfo => ({
  kind: 'BrokerInfo',
  ...header,
  brokerId: { kind: 'BrokerId', value: brokerId },
  brokerURL: brokerUrl,
  peerBrokerInfos,
  brokerName,
  slaveBroker: false,
  masterBroker: false,
  // True would switch optimizeAcknowledge off in clients.
  faultTolerantConfiguration: false,
  duplexConnection: false,
  networkConnection: false,
  connectionId: 0,
  brokerUploadUrl: null,
  networkProperties: null,
})

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
