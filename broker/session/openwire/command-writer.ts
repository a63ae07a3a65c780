// Everything that one connection is sent: the broker's own commands, answers, deliveries, what a bridge forwards. It is encoded here, in the format
// that the connection has negotiated, and noted for the inactivity monitor.
import type { Clock } from '../../base/clock.ts'
import type { RefusalError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { Delivery } from '../../region/region.ts'
import type { Command } from '../../wire/openwire/commands.ts'
import { encodeResponse } from '../../wire/openwire/message-dispatch.ts'
import { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import { initialWireFormat } from '../../wire/openwire/wire-format.ts'
import { OutputBuffer } from '../output-buffer.ts'
import type { SessionOutput } from '../session.ts'
import { buildUnaskedRefusal, buildRefusal } from './answers.ts'
import type { ConsumerState } from './connection-state.ts'
import { DispatchEncoder } from './dispatch-encoder.ts'
import type { InactivityMonitor } from './inactivity-monitor.ts'
import { MessageEncoder } from './message-encoder.ts'

export interface CommandWriterActions {
  /** More waits for the socket than should. */
  congested(): void
  /** The region's deliveries are taken again. */
  relieved(): void
  /** The client does not read: the connection has to go. */
  tooSlow(reason: string, limit: string): void
  /** Told from a task of its own: the delivery cannot be encoded, everything else can. */
  undeliverable(consumer: ConsumerState, delivery: Delivery, cause: Error): void
  /** Told from a task of its own: nothing more can be sent. */
  failed(error: unknown): void
}

/** For all connections that have not negotiated yet: without a cache a codec remembers nothing. */
export const initialCodec = new OpenWireCodec(initialWireFormat)

export class CommandWriter {
  readonly #clock: Clock
  readonly #monitor: InactivityMonitor
  readonly #actions: CommandWriterActions
  readonly #buffer: OutputBuffer<ConsumerState, Delivery | null>
  #codec = initialCodec
  #dispatches = new DispatchEncoder(initialCodec)
  /** Made for the first message that is sent bare. */
  #messages: MessageEncoder | null = null
  /** Something could not be encoded: nothing more is sent. */
  #broken = false
  #closed = false

  constructor(output: SessionOutput, clock: Clock, monitor: InactivityMonitor, actions: CommandWriterActions) {
    this.#clock = clock
    this.#monitor = monitor
    this.#actions = actions
    this.#buffer = new OutputBuffer(output, clock, {
      encode: (consumer, delivery) => this.#encodeDelivery(consumer, delivery),
      congested: () => actions.congested(),
      relieved: () => actions.relieved(),
      tooSlow: (reason, limit) => actions.tooSlow(reason, limit),
    })
  }

  /** More waits for the socket than should. */
  get congested(): boolean {
    return this.#buffer.congested
  }

  /** From now on everything is encoded by `codec`. */
  use(codec: OpenWireCodec): void {
    this.#codec = codec
    this.#dispatches = new DispatchEncoder(codec)
    this.#messages = null
  }

  send(command: Command): void {
    if (this.#closed || this.#broken) return
    let bytes: Buffer
    try {
      bytes = this.#codec.encode(command)
    } catch (error) {
      this.#break(error)
      return
    }
    this.#write(bytes)
  }

  /** To whoever asked for an answer, and to all whose command was refused. */
  answer(commandId: number, responseRequired: boolean, error: RefusalError | undefined): void {
    if (error) this.send(responseRequired ? buildRefusal(commandId, error) : buildUnaskedRefusal(error))
    else if (responseRequired && !this.#closed)
      this.#write(encodeResponse(commandId, this.#codec.format.tightEncodingEnabled))
  }

  /** null = the end marker of a pull. */
  deliver(consumer: ConsumerState, delivery: Delivery | null): void {
    if (!this.#closed) this.#buffer.deliver(consumer, delivery)
  }

  /**
   * A message in its stored form, whose memory is given away; `sequence` is the broker's number of it.
   * @throws {FormatError} when it cannot be encoded for this peer.
   */
  sendMessage(stored: Buffer, sequence: number): void {
    if (this.#closed || this.#broken) return
    for (const bytes of this.#encodeMessage(stored, sequence)) this.#write(bytes)
  }

  /** The socket took bytes. */
  drained(): void {
    this.#buffer.drained()
  }

  close(): void {
    this.#closed = true
    this.#buffer.close()
  }

  #write(bytes: Buffer): void {
    this.#monitor.sent()
    this.#buffer.write(bytes)
  }

  #encodeDelivery(consumer: ConsumerState, delivery: Delivery | null): readonly Buffer[] {
    this.#monitor.sent()
    if (this.#broken) return []
    try {
      return delivery
        ? this.#dispatches.encode(consumer.dispatch, delivery, this.#clock.nowMs())
        : [this.#dispatches.encodeEnd(consumer.dispatch)]
    } catch (error) {
      this.#deliveryFailed(consumer, delivery, error)
      return []
    }
  }

  #encodeMessage(stored: Buffer, sequence: number): readonly Buffer[] {
    this.#messages ??= new MessageEncoder(this.#codec)
    try {
      return this.#messages.encode(stored, sequence, this.#clock.nowMs())
    } catch (error) {
      if (!(error instanceof FormatError) || this.#codec.format.cacheEnabled) this.#break(error)
      throw error
    }
  }

  /** Such a delivery is refused, unless a marshalling cache may be out of step with the peer's now. */
  #deliveryFailed(consumer: ConsumerState, delivery: Delivery | null, error: unknown): void {
    const refused = delivery !== null && error instanceof FormatError
    if (refused) queueMicrotask(() => this.#actions.undeliverable(consumer, delivery, error))
    if (!refused || this.#codec.format.cacheEnabled) this.#break(error)
  }

  /**
   * What cannot be encoded ends the connection, whose peer would wait for it. Not at once: the caller may be in the middle of
   * something, perhaps for another connection.
   */
  #break(error: unknown): void {
    this.#broken = true
    queueMicrotask(() => this.#actions.failed(error))
  }
}
