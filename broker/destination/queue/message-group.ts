// One group of messages of a queue (JMSXGroupID) that has an owner: the consumer that gets its messages.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'

/** Owns what was of a consumer that has gone, until nothing of it is in flight. */
export const nobody: object = {}

export class MessageGroup {
  /** As the queue tells groups apart. */
  readonly key: string
  /** A consumer, or `nobody`. */
  owner: object
  inFlight = 0
  /** The last message that the owner was given. */
  #last: Sequence = 0
  /** The first and the last message that others have looked at, and that the owner was not given yet; 0 = none. */
  passedFrom: Sequence = 0
  #passedUpTo: Sequence = 0

  constructor(key: string, owner: object) {
    this.key = key
    this.owner = owner
  }

  /**
   * Whether the message begins the group anew, for whoever takes it (ActiveMQ: Queue.assignMessageGroup). Not while its owner
   * has messages of it, or has some to get that come before: what is sent later would overtake them.
   */
  isBegunBy(message: Message): boolean {
    return this.inFlight === 0 && this.passedFrom === 0 && message.groupSequence === 1
  }

  /** Somebody has looked at this one and did not take it. */
  passedOver(sequence: Sequence): void {
    if (this.passedFrom === 0 || sequence < this.passedFrom) this.passedFrom = sequence
    if (sequence > this.#passedUpTo) this.#passedUpTo = sequence
  }

  /**
   * The owner is given this one; `inOrder`: it takes everything, and so has what was before. Returns whether it is a new one, and
   * not one that has come back after others had followed it.
   */
  given(sequence: Sequence, inOrder: boolean): boolean {
    if (inOrder && this.passedFrom > 0 && sequence >= this.passedFrom) this.#passedUntil(sequence)
    if (sequence < this.#last) return false
    this.#last = sequence
    return true
  }

  #passedUntil(sequence: Sequence): void {
    if (sequence < this.#passedUpTo) this.passedFrom = sequence + 1
    else this.passedFrom = this.#passedUpTo = 0
  }
}
