// Memory for what is written in small pieces and kept for a while, with the views that a rewriter needs. A piece is handed out
// as a view; neighbours mostly go together.
import { slabBytes } from './limits.ts'

export class Slab {
  bytes = Buffer.allocUnsafeSlow(slabBytes)
  view = viewOf(this.bytes)
  /** Where the next piece begins. */
  at = 0

  /** Makes sure that there is room for `length` bytes, at most `slabBytes`. */
  reserve(length: number): void {
    if (length <= slabBytes - this.at) return
    this.bytes = Buffer.allocUnsafeSlow(slabBytes)
    this.view = viewOf(this.bytes)
    this.at = 0
  }
}

const viewOf = ({ buffer }: Buffer): DataView => new DataView(buffer)
