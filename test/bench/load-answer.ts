// What the driver says of a load, and which of its messages count: the bench has no figure of a load that lost any.
import type { LoadOptions } from './cells.ts'

export interface LoadAnswer {
  readonly elapsedMs: number
  /** In the measured window, each with its answer. */
  readonly sent: number
  /** In the measured window. */
  readonly received: number
  readonly expectedInAll: number
  readonly receivedInAll: number
  readonly delivery: Percentiles | null
  readonly answer: Percentiles | null
  readonly problems: string
}

interface Percentiles {
  readonly p50Us: number
  readonly p99Us: number
}

/** Deliveries in the measured window; of a load that nobody consumes its answered sends. */
export function measuredMessages(load: Pick<LoadOptions, 'consumers'>, answer: LoadAnswer): number {
  if (answer.problems !== '') throw new Error(answer.problems)
  if (answer.receivedInAll !== answer.expectedInAll)
    throw new Error(`${answer.receivedInAll} of ${answer.expectedInAll} messages were delivered`)
  const unconsumed = load.consumers === 0
  const messages = unconsumed ? answer.sent : answer.received
  if (messages === 0) throw new Error(`no message was ${unconsumed ? 'sent' : 'delivered'} in the measured window`)
  return messages
}
