import type { MessageCommand, MessageDispatch, MessageId } from '../wire/openwire/commands.ts'

/** A message on its way to the application, and until it is acknowledged. */
export interface Delivery {
  readonly message: MessageCommand
  readonly id: MessageId
  readonly destination: MessageDispatch['destination']
  /** Which of the connection's connections it came over: see ConnectionContext. */
  readonly epoch: number
  redeliveryCounter: number
  /** Pause before the last redelivery. */
  delayMs: number
}
