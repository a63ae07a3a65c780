// Commands ⇄ frames in a negotiated wire format. One codec belongs to one connection: it owns the marshalling caches of
// both directions, so every frame has to go through it in order. After a WireError the connection is lost.
import type { DataStructure } from './commands.ts'
import { typeCodes } from './commands.ts'
import type { CompiledStructures } from './compile-structures.ts'
import { compileStructures } from './compile-structures.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { DecodeCache, EncodeCache } from './marshalling-cache.ts'
import type { WireFormat } from './wire-format.ts'
import { WireError } from './wire-error.ts'

export class OpenWireCodec {
  readonly format: WireFormat
  readonly #structures: CompiledStructures
  readonly #reader: FrameReader
  readonly #writer: FrameWriter

  constructor(format: WireFormat) {
    const { version, tightEncodingEnabled: tight, cacheEnabled: cached, cacheSize, stackTraceEnabled } = format
    this.format = format
    this.#structures = compileStructures({ version, tight, cached })
    this.#reader = new FrameReader(stackTraceEnabled, cached ? new DecodeCache(cacheSize) : null)
    this.#writer = new FrameWriter(stackTraceEnabled, cached ? new EncodeCache(cacheSize) : null)
  }

  /** The frame of `command` with its size prefix: a view of memory that is not written again. Throws WireError. */
  encode(command: DataStructure): Buffer {
    const code = typeCodes[command.kind]
    const encode = this.#structures.encoders[code]
    if (encode === undefined)
      throw new WireError(`Cannot write ${command.kind}: version ${this.format.version} does not have it`)
    const writer = this.#writer
    writer.cache?.evict()
    if (this.format.tightEncodingEnabled) {
      writer.openTightFrame()
      encode(writer, command)
      return writer.closeTightFrame(code)
    }
    writer.openFrame(code)
    encode(writer, command)
    return writer.closeFrame()
  }

  /**
   * The command of a frame without size prefix; null for the null command, which is to be ignored.
   * Byte fields of messages are views of the frame. Throws WireError.
   */
  decode(frame: Buffer): DataStructure | null {
    const reader = this.#reader
    reader.open(frame)
    const code = reader.uint8()
    if (code === 0) return null
    const decode = this.#structures.decoders[code]
    if (decode === undefined)
      throw new WireError(`Cannot read frame of type ${code}: version ${this.format.version} does not have it`)
    if (this.format.tightEncodingEnabled) reader.openBits()
    const command = decode(reader)
    reader.close()
    return command
  }
}

/** The type code of a frame without size prefix; 0 for an empty one. */
export const peekType = (frame: Buffer): number => frame[0] ?? 0

/** True for the type codes of messages (23..29), whose frames can be kept without decoding. */
export const isMessageType = (code: number): boolean =>
  code >= typeCodes.ActiveMQMessage && code <= typeCodes.ActiveMQBlobMessage
