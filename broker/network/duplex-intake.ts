// Messages that come to this broker over a duplex bridge that it dialled: they go into the region as a client's would, and are
// answered when they are as durable as it promises. (On the side that accepted the bridge they come through its session.)
import { errorMessage, isError, RefusalError } from '../base/errors.ts'
import { FormatError } from '../base/format-error.ts'
import { commandIdAt, responseRequiredAt } from '../message/forwarded-form.ts'
import type { StoredMessage } from '../message/stored-message.ts'
import { buildExceptionResponse, buildResponse } from '../openwire/build-commands.ts'
import type { ConnectionPort, Region, RegionConnection } from '../region/region.ts'
import { checkStructures } from '../wire/openwire/stored-form.ts'
import { buildThrowable } from '../wire/openwire/throwable.ts'
import type { FarEnd } from './far-end.ts'

export interface DuplexIntakeOptions {
  readonly region: Region
  readonly far: FarEnd
  readonly connectionId: string
  readonly clientId: string
  /** The other broker cannot be answered: the bridge has to end. Not from within a call of the region. */
  readonly failed: (error: Error) => void
}

export class DuplexIntake {
  readonly #region: RegionConnection
  readonly #far: FarEnd
  readonly #failed: DuplexIntakeOptions['failed']
  #received = 0

  constructor({ region, far, connectionId, clientId, failed }: DuplexIntakeOptions) {
    this.#far = far
    this.#failed = failed
    this.#region = region.connect({ connectionId, clientId, failoverReconnect: false, network: true }, portOf(far))
    this.#region.addProducer({ producerId: `${connectionId}:1:1`, destination: null })
  }

  /** Messages that came. */
  get received(): number {
    return this.#received
  }

  take(message: StoredMessage): void {
    this.#received++
    const commandId = message.bytes.readInt32BE(commandIdAt)
    const responseRequired = message.bytes[responseRequiredAt] !== 0
    const answer = (error?: RefusalError): void => {
      if (responseRequired) this.#answer(commandId, error)
    }
    try {
      // Whoever gets it must be able to read it.
      if (message.carriesStructures) checkStructures(message.bytes)
      this.#region.send(message, null, answer)
    } catch (error) {
      answer(refusalOf(error))
    }
  }

  close(): void {
    this.#region.close()
  }

  /** Often called by the region, whose work must not end with what the other broker does not take. */
  #answer(commandId: number, error: RefusalError | undefined): void {
    try {
      this.#far.send(
        error
          ? buildExceptionResponse(commandId, buildThrowable('javax.jms.JMSException', error.message))
          : buildResponse(commandId),
      )
    } catch (cause) {
      queueMicrotask(() => this.#failed(isError(cause) ? cause : new Error(errorMessage(cause))))
    }
  }
}

function refusalOf(error: unknown): RefusalError {
  if (error instanceof RefusalError) return error
  if (error instanceof FormatError) return new RefusalError('INVALID_REQUEST', errorMessage(error), { cause: error })
  throw error
}

/**
 * It has no consumers. An honest broker sends no more than the prefetch of its demand before it is answered; beyond what one can need,
 * the region stops the reading (region/flow-control.ts), and frees it again if it holds up answers to us.
 */
const portOf = (far: FarEnd): ConnectionPort => ({
  deliver: () => {},
  deliverNothing: () => {},
  pause: () => far.pause?.(),
  resume: () => far.resume?.(),
  get awaitsAnswers() {
    return far.awaitsAnswers
  },
})
