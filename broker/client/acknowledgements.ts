// The messages that a consumer has handed out, and what the broker is told about them, in the way of the session: at once,
// in bulk, one by one, or with a commit. What came over a lost connection cannot be acknowledged any more.
import { isError } from '../base/errors.ts'
import { isQueue } from '../message/destination.ts'
import type { AcknowledgementCode } from '../openwire/acknowledgement-types.ts'
import { acknowledgementTypes } from '../openwire/acknowledgement-types.ts'
import { buildAcknowledgement } from '../openwire/build-commands.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import type { ConsumerInfo, TransactionId } from '../wire/openwire/commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { Delivery } from './delivery.ts'
import { oneOf } from './given.ts'
import { deliveredShare } from './limits.ts'

const modes = ['auto', 'client', 'dups-ok', 'individual', 'transacted'] as const

export type AcknowledgeMode = (typeof modes)[number]

export const anAcknowledgeMode = oneOf(...modes)

export class Acknowledgements {
  /** How many messages the broker sends ahead; it may change that. */
  prefetch: number
  readonly #info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #mode: AcknowledgeMode
  readonly #isQueue: boolean
  /** Handed out and not acknowledged, oldest first; not in AUTO mode. */
  #delivered: Delivery[] = []
  /** Of these the broker knows that they were delivered. */
  #announced = 0

  constructor(info: ConsumerInfo, context: ConnectionContext, mode: AcknowledgeMode) {
    this.prefetch = info.prefetchSize
    this.#info = info
    this.#context = context
    this.#mode = mode
    this.#isQueue = isQueue(destinationOf(info.destination!))
  }

  /** AUTO and DUPS_OK: having a message is acknowledging it. */
  get automatic(): boolean {
    return this.#mode === 'auto' || this.#mode === 'dups-ok'
  }

  /** Handed out and not acknowledged. */
  get delivered(): readonly Delivery[] {
    return this.#delivered
  }

  /** AUTO and DUPS_OK: the application has it. */
  consumed(delivery: Delivery): void {
    if (this.#mode === 'auto' || this.#isQueue) return this.#post(acknowledgementTypes.standard, [delivery])
    this.#delivered.push(delivery)
    if (this.#delivered.length >= this.prefetch * deliveredShare)
      this.all(null).catch((error: unknown) => isError(error) && this.#context.report(error))
  }

  /** The other modes: keeps it until it is acknowledged, and asks for more when half the prefetch is kept. */
  keep(delivery: Delivery): void {
    this.#delivered.push(delivery)
    if (this.prefetch === 0 || this.#delivered.length - this.#announced < this.prefetch * deliveredShare) return
    const announced = this.#delivered.slice(this.#announced)
    this.#announced = this.#delivered.length
    this.#post(acknowledgementTypes.delivered, announced)
  }

  /** INDIVIDUAL_ACKNOWLEDGE. Nothing happens when it is not kept: a message of a lost connection will come again. */
  one(delivery: Delivery): Promise<void> {
    const index = this.#delivered.indexOf(delivery)
    if (index < 0) return Promise.resolve()
    this.#delivered.splice(index, 1)
    if (index < this.#announced) this.#announced--
    return this.#send(acknowledgementTypes.individual, [delivery], null)
  }

  /** All that was handed out. */
  all(transactionId: TransactionId | null): Promise<void> {
    const delivered = this.take()
    if (delivered.length === 0) return Promise.resolve()
    return this.#send(acknowledgementTypes.standard, delivered, transactionId)
  }

  /** Takes away what was handed out: it will not be acknowledged from here. */
  take(): Delivery[] {
    const delivered = this.#delivered
    this.#delivered = []
    this.#announced = 0
    return delivered
  }

  /** It was not handed out in time. */
  expired(delivery: Delivery): void {
    this.#post(acknowledgementTypes.expired, [delivery])
  }

  /** It must not come again: a dead letter. */
  poison(delivery: Delivery, cause: string): void {
    this.#post(acknowledgementTypes.poison, [delivery], cause)
  }

  /** Nobody waits for it. */
  #post(type: AcknowledgementCode, deliveries: Delivery[], poison?: string): void {
    this.#send(type, deliveries, null, poison).catch((error: unknown) => isError(error) && this.#context.report(error))
  }

  /** One acknowledgement for deliveries that follow each other. Those of a lost connection are left out. */
  #send(
    type: AcknowledgementCode,
    given: Delivery[],
    transactionId: TransactionId | null,
    poison?: string,
  ): Promise<void> {
    const deliveries = given.filter(({ epoch }) => epoch === this.#context.epoch)
    const [first, last] = [deliveries[0], deliveries.at(-1)]
    if (!first || !last) return Promise.resolve()
    return this.#context.post(
      buildAcknowledgement({
        type,
        consumerId: this.#info.consumerId!,
        destination: last.destination,
        transactionId,
        first: type === acknowledgementTypes.individual ? null : first.id,
        last: last.id,
        count: deliveries.length,
        ...(poison === undefined ? {} : { poisonCause: poison }),
      }),
    )
  }
}
