// Ownership is gone, or can no longer be proven: nothing may be answered any more.
import { FlotillaError } from '../base/errors.ts'

export class LockLostError extends FlotillaError {
  constructor(state: string, options: ConstructorParameters<typeof FlotillaError>[2] = {}) {
    super('LOCK_LOST', `Cannot go on as holder of the lock: ${state}`, options)
  }
}
