// The far end of a bridge that this broker dialled: a client's connection to the other one, with its commands numbered and their
// answers found again. Messages go out in their stored form where the other broker reads that; no value is made of their fields.
import type { Clock, Timer } from '../base/clock.ts'
import type { Channel, ChannelListener, Dial } from '../client/transport/channel.ts'
import { isResponse } from '../client/transport/channel.ts'
import type { Endpoint } from '../client/transport/parse-broker-url.ts'
import { commandIdAt, ForwardedForm, responseRequiredAt } from '../message/forwarded-form.ts'
import { CommandIds } from '../openwire/command-ids.ts'
import { parseProducerId } from '../openwire/id-text.ts'
import type { ProducerIdFields } from '../message/producer-id.ts'
import type { Delivery } from '../region/region.ts'
import type { BrokerInfo, Command } from '../wire/openwire/commands.ts'
import { isMessageType, peekType } from '../wire/openwire/openwire-codec.ts'
import { messageCommandOf, messageFormOf } from '../wire/openwire/stored-form.ts'
import { defaultWireFormatOptions } from '../wire/openwire/wire-format.ts'
import type { Answered, BridgeCommand, FarEnd, FarEndListener, ForwardHeader } from './far-end.ts'
import { maxFrameBytes, maxWaitingForSocket, unreadTimeoutMs } from './limits.ts'

export interface DialledFarEndListener extends FarEndListener {
  /** The other broker has said who it is, and can be talked to. At most once, before everything else. */
  introduced(info: BrokerInfo): void
}

export class DialledFarEnd implements FarEnd {
  readonly #channel: Channel
  readonly #listener: DialledFarEndListener
  readonly #clock: Clock
  readonly #unanswered = new Map<number, Answered>()
  /** Of the bridge's header. */
  #form: ForwardedForm | null = null
  readonly #commandIds = new CommandIds()
  #introduced = false
  /** For want of room here. */
  #paused = false
  #congested = false
  /** What was written since it has been. */
  #waiting = 0
  /** Since too much waits, until the socket takes something. */
  #unread: Timer | null = null

  constructor(dial: Dial, endpoint: Endpoint, listener: DialledFarEndListener, clock: Clock) {
    this.#clock = clock
    this.#listener = listener
    this.#channel = dial(withFrameLimit(endpoint), this.#channelListener())
  }

  get address(): string {
    return this.#channel.endpoint.uri
  }

  get version(): number {
    return this.#channel.format.version
  }

  get provider(): string | undefined {
    return this.#channel.format.peerProvider
  }

  get congested(): boolean {
    return this.#congested
  }

  send(command: BridgeCommand): void {
    this.#write({ ...command, commandId: this.#commandIds.next(this.#unanswered) })
  }

  request(command: BridgeCommand, answered: Answered): void {
    const commandId = this.#commandIds.next(this.#unanswered)
    this.#write({ ...command, commandId, responseRequired: true })
    this.#unanswered.set(commandId, answered)
  }

  forward(delivery: Delivery, header: ForwardHeader, answered: Answered | null): void {
    this.#form ??= new ForwardedForm(producerOf(header), header.brokerId, header.useCompression)
    const stored = this.#form.of(delivery.message, delivery.destination, this.#clock.nowMs())
    if (!this.#readsStoredForms()) {
      const command = messageCommandOf(stored)
      if (answered) this.request(command, answered)
      else this.send(command)
      return
    }
    const commandId = this.#commandIds.next(this.#unanswered)
    stored.writeInt32BE(commandId, commandIdAt)
    stored[responseRequiredAt] = answered ? 1 : 0
    this.#channel.sendFrame(stored)
    if (answered) this.#unanswered.set(commandId, answered)
    this.#watchSocket()
  }

  /** Answers to what we forward have yet to come, behind whatever else comes. */
  get awaitsAnswers(): boolean {
    return this.#unanswered.size > 0
  }

  pause(): void {
    this.#paused = true
    this.#channel.pause()
  }

  resume(): void {
    this.#paused = false
    if (!this.#unread) this.#channel.resume()
  }

  close(): void {
    this.#unread?.cancel()
    this.#unanswered.clear()
    this.#channel.close()
  }

  #write(command: BridgeCommand): void {
    this.#channel.send(command)
    this.#watchSocket()
  }

  #watchSocket(): void {
    if (this.#congested) {
      if (++this.#waiting === maxWaitingForSocket) this.#stopReading()
      return
    }
    const drained = this.#channel.drained()
    if (!drained) return
    this.#congested = true
    void drained.then(() => {
      this.#congested = false
      this.#waiting = 0
      this.#readOn()
      this.#listener.relieved()
    })
  }

  /** Who does not read its answers is no bridge, and is not read either until it does. */
  #stopReading(): void {
    this.#channel.pause()
    this.#unread = this.#clock.after(unreadTimeoutMs, () => {
      this.close()
      this.#listener.failed(new Error(`${this.address} has not read what it was sent within ${unreadTimeoutMs} ms`))
    })
  }

  #readOn(): void {
    if (!this.#unread) return
    this.#unread.cancel()
    this.#unread = null
    if (!this.#paused) this.#channel.resume()
  }

  #readsStoredForms(): boolean {
    return messageFormOf(this.#channel.format) === 'stored'
  }

  #channelListener(): ChannelListener {
    return {
      connected: () => {},
      frame: (frame) => this.#receiveMessage(frame),
      command: (command) => this.#receive(command),
      failed: (error) => {
        this.#unread?.cancel()
        this.#unanswered.clear()
        this.#listener.failed(error)
      },
    }
  }

  /** False for what has to be decoded. */
  #receiveMessage(frame: Buffer): boolean {
    if (!this.#introduced || !this.#listener.message || !isMessageType(peekType(frame)) || !this.#readsStoredForms())
      return false
    // The frame is a view of what the next bytes may overwrite.
    this.#listener.message(Buffer.from(frame))
    return true
  }

  #receive(command: Command): void {
    if (isResponse(command)) {
      const answered = this.#unanswered.get(command.correlationId)
      this.#unanswered.delete(command.correlationId)
      answered?.(command.kind === 'ExceptionResponse' ? (command.exception ?? unexplained) : null)
    } else if (command.kind === 'BrokerInfo' && !this.#introduced) {
      this.#introduced = true
      this.#listener.introduced(command)
    } else if (this.#introduced) this.#listener.command(command)
  }
}

/** Where its URI says nothing of it: who was dialled may be anybody. */
function withFrameLimit(endpoint: Endpoint): Endpoint {
  const { wireFormat } = endpoint
  if (wireFormat.maxFrameSize !== defaultWireFormatOptions.maxFrameSize) return endpoint
  return { ...endpoint, wireFormat: { ...wireFormat, maxFrameSize: maxFrameBytes } }
}

const unexplained = { className: null, message: null, stackTrace: [], cause: null }

function producerOf({ producerId }: ForwardHeader): ProducerIdFields {
  const { connectionId, sessionId, value } = parseProducerId(producerId)
  return { connectionId: connectionId ?? '', sessionId: Number(sessionId), value: Number(value) }
}
