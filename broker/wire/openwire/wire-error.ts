// Bytes of a peer that are not OpenWire, or a value that OpenWire cannot carry. On a connection it is fatal: with the
// marshalling cache on, the stream cannot be understood any more after one frame that failed.
import type { ErrorFields } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'

export class WireError extends FormatError {
  constructor(message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super('WIRE', message, options)
  }
}
