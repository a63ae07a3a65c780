// Messages that come to this broker over a duplex bridge that it dialled: they go into the region as a client's would, and are
// answered when they are as durable as it promises. (On the side that accepted the bridge they come through its session.)
import { RefusalError } from '../base/errors.ts'
import { commandIdAt, responseRequiredAt } from '../message/forwarded-form.ts'
import type { Message } from '../message/message.ts'
import { buildExceptionResponse, buildResponse } from '../openwire/build-commands.ts'
import type { ConnectionPort, Region, RegionConnection } from '../region/region.ts'
import { buildThrowable } from '../wire/openwire/throwable.ts'
import type { FarEnd } from './far-end.ts'

export interface DuplexIntakeOptions {
  readonly region: Region
  readonly far: FarEnd
  readonly connectionId: string
  readonly clientId: string
}

export class DuplexIntake {
  readonly #region: RegionConnection
  readonly #far: FarEnd
  #received = 0

  constructor({ region, far, connectionId, clientId }: DuplexIntakeOptions) {
    this.#far = far
    this.#region = region.connect({ connectionId, clientId, failoverReconnect: false, network: true }, portOf(far))
    this.#region.addProducer({ producerId: `${connectionId}:1:1`, destination: null })
  }

  /** Messages that came. */
  get received(): number {
    return this.#received
  }

  take(message: Message): void {
    this.#received++
    const commandId = message.bytes.readInt32BE(commandIdAt)
    const responseRequired = message.bytes[responseRequiredAt] !== 0
    const answer = (error?: RefusalError): void => {
      if (responseRequired) this.#answer(commandId, error)
    }
    try {
      this.#region.send(message, null, answer)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      answer(error)
    }
  }

  close(): void {
    this.#region.close()
  }

  #answer(commandId: number, error: RefusalError | undefined): void {
    this.#far.send(
      error
        ? buildExceptionResponse(commandId, buildThrowable('javax.jms.JMSException', error.message))
        : buildResponse(commandId),
    )
  }
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
