// The stream of frames of one stranger: fresh commands, frames it sent before, frames that stock clients sent, some of
// them damaged.
import type { Random } from '../../broker/base/random.ts'
import type { DataStructure } from '../../broker/wire/openwire/commands.ts'
import type { OpenWireCodec } from '../../broker/wire/openwire/openwire-codec.ts'
import { mutate, type StrangerCommands } from './stranger-frames.ts'

const mutationRates = [0, 0.01, 0.05, 0.1, 0.3, 0.5, 1]
const rememberedFrames = 32

export class FrameSource {
  readonly commands: StrangerCommands
  mutated = 0
  readonly #random: Random
  readonly #recorded: readonly Buffer[]
  readonly #mutationRate: number
  readonly #history: Buffer[] = []
  #last: Buffer = Buffer.alloc(8)

  constructor(random: Random, commands: StrangerCommands, recorded: readonly Buffer[]) {
    this.commands = commands
    this.#random = random
    this.#recorded = recorded
    this.#mutationRate = mutationRates[this.#below(mutationRates.length)]!
  }

  next(codec: OpenWireCodec): Buffer {
    let frame = this.#undamaged(codec)
    if (this.#history.length < rememberedFrames) this.#history.push(frame)
    if (this.#random.next() < this.#mutationRate) {
      this.mutated++
      frame = mutate(Buffer.from(frame), this.#random, this.#last)
    } else if (this.#random.next() < 0.002) frame = this.#noise()
    this.#last = frame
    return frame
  }

  #undamaged(codec: OpenWireCodec): Buffer {
    if (this.#recorded.length > 0 && this.#random.next() < 0.04)
      return this.#recorded[this.#below(this.#recorded.length)]!
    if (this.#history.length > 7 && this.#random.next() < 0.5) return this.#history[this.#below(this.#history.length)]!
    return this.#encode(codec, this.commands.next())
  }

  /** Not everything can be encoded in every version; what cannot be is replaced by noise. */
  #encode(codec: OpenWireCodec, command: DataStructure): Buffer {
    try {
      return codec.encode(command)
    } catch {
      return this.#noise()
    }
  }

  #noise(): Buffer {
    const bytes = Buffer.alloc(5 + this.#below(60))
    for (let at = 4; at < bytes.length; at++) bytes[at] = this.#below(256)
    bytes.writeInt32BE(bytes.length - 4, 0)
    return bytes
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }
}
