// Where a subscription's messages come from, when it has to ask for them: a queue, or a durable subscription. Topics are no sources, they push.

export interface MessageSource {
  /** Gives to its consumers what they have room for. */
  dispatch(): void
  /** True while it reads from the store: then nobody can say that it has nothing. */
  readonly loading: boolean
  /** A bridge's consumer takes nothing more, though it is still there: others may be given what was kept for it. */
  leaves?(): void
}
