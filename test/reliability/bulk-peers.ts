// A producer and a consumer for millions of equal messages: raw frames made once and patched, so that the broker is the
// only one that works. The producer sends transactions and counts what was committed; the consumer checks every byte and
// the order, and acknowledges in ranges.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { StoredMessage } from '../../broker/message/stored-message.ts'
import type { Command, ExceptionResponse, MessageDispatch, Response } from '../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec, peekType } from '../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  maxVersion,
  preferredWireFormatInfo,
} from '../../broker/wire/openwire/wire-format.ts'
import { connectionInfo } from '../broker/session/openwire/session-harness.ts'
import {
  consumerInfo,
  messageAck,
  producerInfo,
  sessionInfo,
  textMessage,
  transactionId,
  transactionInfo,
} from '../broker/session/openwire/test-commands.ts'

const transactionMarker = 0x1122_3344_5566
const commitOnePhase = 2
const dispatchType = 21
const sizePrefixBytes = 4
/** Transactions on their way: enough that neither side waits for the other. */
const openTransactions = 4
const acknowledgeEvery = 500
const browserPrefetch = 500

/** One connection, loose encoding without cache: what is sent is what is stored. */
class BulkPeer {
  readonly codec = new OpenWireCodec({ ...initialWireFormat, version: maxVersion })
  readonly socket: Socket
  readonly #splitter = new FrameSplitter(2 ** 30)
  #responses = 0
  #refusal: Error | undefined
  #waiting: { readonly responses: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  onDispatch: (frame: Buffer) => void = () => {}

  static async connect(port: number): Promise<BulkPeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    const peer = new BulkPeer(socket)
    const options = { ...defaultWireFormatOptions, tightEncodingEnabled: false, cacheEnabled: false }
    socket.write(new OpenWireCodec(initialWireFormat).encode(preferredWireFormatInfo(options)))
    await peer.call(connectionInfo())
    peer.send(sessionInfo())
    return peer
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('The broker closed the connection')))
  }

  get responses(): number {
    return this.#responses
  }

  send(command: Command): void {
    this.socket.write(this.codec.encode(command))
  }

  /** Commands that are answered, one at a time. */
  async call(command: Command): Promise<void> {
    this.send(command)
    await this.responded(this.#responses + 1)
  }

  /** Resolves when so many answers have come; rejects when one of them was an exception. */
  async responded(responses: number): Promise<void> {
    if (this.#refusal) throw this.#refusal
    if (this.#responses >= responses) return
    await new Promise<void>((resolve, reject) => this.#waiting.push({ responses, resolve, reject }))
  }

  close(): void {
    this.socket.removeAllListeners('close')
    this.socket.destroy()
  }

  #receive(chunk: Buffer): void {
    for (const frame of this.#splitter.push(chunk)) {
      if (peekType(frame) === dispatchType) {
        this.onDispatch(frame)
        continue
      }
      if (peekType(frame) === 1) continue
      const command = this.codec.decode(frame) as Command | null
      if (command?.kind === 'Response') this.#answered(command)
      else if (command?.kind === 'ExceptionResponse') this.#answered(command)
    }
  }

  #answered(answer: Response | ExceptionResponse): void {
    this.#responses++
    if (answer.kind === 'ExceptionResponse') return this.#fail(new Error(answer.exception?.message ?? 'Refused'))
    const ready = this.#waiting.filter(({ responses }) => responses <= this.#responses)
    this.#waiting = this.#waiting.filter(({ responses }) => responses > this.#responses)
    for (const { resolve } of ready) resolve()
  }

  #fail(error: Error): void {
    this.#refusal ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** Content of message `number`: the number, then a pattern. */
function contentOf(bytes: number): Buffer {
  const content = Buffer.alloc(bytes)
  for (let at = 8; at < bytes; at++) content[at] = (at * 31) & 0xff
  return content
}

/** The stored form of a message as this producer sends it, and where what differs between messages stands in it. */
class MessageTemplate {
  readonly frame: Buffer
  readonly numberAt: number
  readonly transactionAt: number
  readonly contentAt: number
  readonly contentBytes: number

  constructor(codec: OpenWireCodec, contentBytes: number, transacted: boolean) {
    const content = contentOf(contentBytes)
    this.frame = codec.encode({
      ...textMessage({ content, responseRequired: !transacted }),
      kind: 'ActiveMQBytesMessage',
      transactionId: transacted ? { ...transactionId, value: transactionMarker } : null,
    })
    const marker = Buffer.alloc(8)
    marker.writeBigInt64BE(BigInt(transactionMarker))
    this.numberAt =
      StoredMessage.scan(Buffer.from(this.frame.subarray(sizePrefixBytes))).brokerSequenceAt - 8 + sizePrefixBytes
    this.transactionAt = transacted ? this.frame.indexOf(marker) : -1
    this.contentAt = this.frame.indexOf(content)
    this.contentBytes = contentBytes
  }

  /** Writes message `number` at `at`. */
  write(into: Buffer, at: number, number: number, transaction: number): void {
    this.frame.copy(into, at)
    writeNumber(into, at + this.numberAt, number)
    if (this.transactionAt >= 0) writeNumber(into, at + this.transactionAt, transaction)
    writeNumber(into, at + this.contentAt, number)
  }
}

const writeNumber = (into: Buffer, at: number, number: number): void => {
  into.writeUInt32BE(Math.floor(number / 2 ** 32), at)
  into.writeUInt32BE(number >>> 0, at + 4)
}

const readNumber = (from: Buffer, at: number): number => from.readUInt32BE(at) * 2 ** 32 + from.readUInt32BE(at + 4)

export interface FillOptions {
  readonly port: number
  readonly messages: number
  readonly contentBytes: number
  readonly perTransaction: number
  readonly progress?: (committed: number) => void
}

/** Fills queue Q with persistent messages 1 to `messages`; resolves when all are committed. */
export async function fillQueue({
  port,
  messages,
  contentBytes,
  perTransaction,
  progress,
}: FillOptions): Promise<void> {
  const peer = await BulkPeer.connect(port)
  await peer.call(producerInfo())
  const template = new MessageTemplate(peer.codec, contentBytes, true)
  const { length } = template.frame
  const before = peer.responses
  let transaction = 0
  for (let sent = 0; sent < messages;) {
    const count = Math.min(perTransaction, messages - sent)
    // begin and commit are both answered.
    await peer.responded(before + 2 * (++transaction - openTransactions))
    const block = Buffer.allocUnsafe(count * length)
    for (let i = 0; i < count; i++) template.write(block, i * length, ++sent, transaction)
    const id = { ...transactionId, value: transaction }
    peer.send(transactionInfo(0, { transactionId: id }))
    peer.socket.write(block)
    peer.send(transactionInfo(commitOnePhase, { transactionId: id }))
    progress?.(sent)
  }
  await peer.responded(before + 2 * transaction)
  peer.close()
}

/** Sends one persistent message outside a transaction; resolves when it is answered. */
export async function sendLarge(port: number, contentBytes: number): Promise<void> {
  const peer = await BulkPeer.connect(port)
  await peer.call(producerInfo())
  const template = new MessageTemplate(peer.codec, contentBytes, false)
  const frame = Buffer.from(template.frame)
  template.write(frame, 0, 1, 0)
  const before = peer.responses
  peer.socket.write(frame)
  await peer.responded(before + 1)
  peer.close()
}

export interface DrainOptions {
  readonly port: number
  readonly messages: number
  readonly contentBytes: number
  readonly transacted: boolean
  readonly first?: () => void
  readonly progress?: (received: number) => void
}

/** Receives messages 1 to `messages` from queue Q, in order and byte by byte, and acknowledges all. Rejects otherwise. */
export async function drainQueue(options: DrainOptions): Promise<void> {
  const { port, messages, contentBytes, transacted, first, progress } = options
  const peer = await BulkPeer.connect(port)
  const template = new MessageTemplate(peer.codec, contentBytes, transacted)
  const pattern = contentOf(contentBytes).subarray(8)
  let received = 0
  let numberAt = 0
  let acknowledged = 0
  const drained = new Promise<void>((resolve, reject) => {
    peer.onDispatch = (frame) => {
      if (received === 0) {
        // Stored form and redelivery counter end the frame, always at the same place.
        numberAt = frame.length - 4 - (template.frame.length - sizePrefixBytes) + template.numberAt - sizePrefixBytes
        first?.()
      }
      const number = readNumber(frame, numberAt)
      const contentAt = numberAt - template.numberAt + template.contentAt
      if (number !== received + 1 || readNumber(frame, contentAt) !== number)
        return reject(new Error(`Message ${number} came after ${received}`))
      if (!frame.subarray(contentAt + 8, contentAt + contentBytes).equals(pattern))
        return reject(new Error(`Message ${number} was changed`))
      received++
      if (received % acknowledgeEvery !== 0 && received !== messages) return
      const count = received - acknowledged
      acknowledged = received
      const { message } = peer.codec.decode(frame) as MessageDispatch
      peer.send(
        messageAck({
          lastMessageId: message!.messageId,
          messageCount: count,
          responseRequired: received === messages,
        }),
      )
      progress?.(received)
      if (received === messages) resolve()
    }
  })
  await peer.call(consumerInfo())
  const before = peer.responses
  await Promise.race([drained, peer.responded(before + 1)])
  await peer.responded(before + 1)
  peer.close()
}

export interface SelectOptions {
  readonly port: number
  readonly messages: number
  /** One of so many is wanted. */
  readonly oneOf: number
  /** Consumers that want nothing, each with a selector of its own. */
  readonly others: number
}

/** Receives each message of queue Q whose number `oneOf` divides, in order, and acknowledges it, beside consumers that get nothing. */
export async function drainSelected({ port, messages, oneOf, others }: SelectOptions): Promise<void> {
  const peer = await BulkPeer.connect(port)
  for (let i = 0; i < others; i++) {
    const consumerId = { ...consumerInfo().consumerId!, value: 100 + i }
    await peer.call(consumerInfo({ consumerId, selector: `color = 'c${i}' OR JMSPriority > ${10 + i}` }))
  }
  let last = 0
  const drained = new Promise<void>((resolve, reject) => {
    peer.onDispatch = (frame) => {
      const { message } = peer.codec.decode(frame) as MessageDispatch
      const number = Number(message!.messageId!.producerSequenceId)
      if (number !== last + oneOf) return reject(new Error(`Message ${number} came after ${last}`))
      last = number
      const isLast = number + oneOf > messages
      peer.send(messageAck({ lastMessageId: message!.messageId, messageCount: 1, responseRequired: isLast }))
      if (isLast) resolve()
    }
  })
  // The number of a message ends its id.
  const selector = `JMSMessageID LIKE '%${String(oneOf).slice(1)}'`
  await peer.call(consumerInfo({ selector }))
  const before = peer.responses
  await Promise.race([drained, peer.responded(before + 1)])
  await peer.responded(before + 1)
  peer.close()
}

export interface BrowseOptions {
  readonly port: number
  readonly messages: number
  readonly contentBytes: number
  /** One of so many is not there any more. */
  readonly without: number
}

/** Browses queue Q with the prefetch of the stock client: all that is there, in order, and the end. Rejects otherwise. */
export async function browseQueue({ port, messages, contentBytes, without }: BrowseOptions): Promise<void> {
  const peer = await BulkPeer.connect(port)
  const { frame: sent, numberAt } = new MessageTemplate(peer.codec, contentBytes, true)
  const next = (number: number): number => ((number + 1) % without === 0 ? number + 2 : number + 1)
  let last = 0
  let unacknowledged = 0
  const browsed = new Promise<void>((resolve, reject) => {
    peer.onDispatch = (frame) => {
      if (frame.length < contentBytes)
        return next(last) > messages ? resolve() : reject(new Error(`The browse ended after message ${last}`))
      // Stored form and redelivery counter end the frame.
      const number = readNumber(frame, frame.length - 4 - sent.length + numberAt)
      if (number !== next(last)) return reject(new Error(`Message ${number} came after ${last}`))
      last = number
      if (++unacknowledged < browserPrefetch / 2) return
      const { message } = peer.codec.decode(frame) as MessageDispatch
      peer.send(
        messageAck({ lastMessageId: message!.messageId, messageCount: unacknowledged, responseRequired: false }),
      )
      unacknowledged = 0
    }
  })
  await peer.call(consumerInfo({ browser: true, prefetchSize: browserPrefetch }))
  await Promise.race([browsed, peer.responded(peer.responses + 1)])
  peer.close()
}
