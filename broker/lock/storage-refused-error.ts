// The storage is not this member's: it belongs to another broker, which may be gone only for a while. Not a reason to stand
// by, because a standby would take over what is somebody else's.
import { FlotillaError } from '../base/errors.ts'

export class StorageRefusedError extends FlotillaError {
  constructor(message: string, options: ConstructorParameters<typeof FlotillaError>[2] = {}) {
    super('STORAGE_REFUSED', message, options)
  }
}
