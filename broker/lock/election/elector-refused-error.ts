// This member may not take part in the election: somebody has to put that right, waiting does not.
import { FlotillaError } from '../../base/errors.ts'

export class ElectorRefusedError extends FlotillaError {
  constructor(message: string, options: ConstructorParameters<typeof FlotillaError>[2] = {}) {
    super('ELECTOR_REFUSED', message, options)
  }
}
