// A frame that may stay. Others are views of what was read from the socket: that is much more, and is used again.
import { ownsItsMemory } from '../../wire/openwire/frame-splitter.ts'

export function keptFrame(frame: Buffer): Buffer {
  if (ownsItsMemory(frame)) return frame
  // Small ones share pages of 8 KiB: neighbours mostly go together.
  const copy = Buffer.allocUnsafe(frame.length)
  frame.copy(copy)
  return copy
}
