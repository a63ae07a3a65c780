// Why another broker refused something, as one line.
import { TransportError } from '../client/transport/transport-error.ts'
import type { Throwable } from '../wire/openwire/commands.ts'

export const refusalText = (refusal: Throwable | null): string =>
  refusal?.message ?? refusal?.className ?? 'it did not say why'

/** It ended the bridge as a whole. Java brokers have one exception for who somebody is and for what he may do. */
export const refusedBridge = (refusal: Throwable | null): TransportError =>
  new TransportError(`The other broker refused the bridge: ${refusalText(refusal)}`, {
    code: refusal?.className === 'java.lang.SecurityException' ? 'USER_REFUSED' : 'TRANSPORT',
  })
