// Why another broker refused something, as one line.
import type { Throwable } from '../wire/openwire/commands.ts'

export const refusalText = (refusal: Throwable | null): string =>
  refusal?.message ?? refusal?.className ?? 'it did not say why'
