// What the bridges of a drain know of its progress, together. Each is in it as long as it lives.

export interface DrainingBridge {
  /** Where the messages go. */
  readonly brokerName: string
  /** Forwarded, and not answered. */
  readonly underWay: number
  /** Of these: what the other broker does not take, though it will be asked again. */
  readonly refused: number
  /** Why it did not take the last one of them: `a message to ORDERS: too large`. */
  readonly refusal: string | null
}

export class DrainFlow {
  readonly bridges = new Set<DrainingBridge>()
  /** Messages that other brokers have. */
  forwarded = 0
  /** By their numbers here: what other brokers have still, and have to themselves again since this one was cut off from them. */
  keptElsewhere: ReadonlySet<number> = new Set()
}
