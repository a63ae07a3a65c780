// How far consumers that do not want every message have looked through a window. Whatever waits up to there they do not
// want, so that nobody has to ask them again: a message is shown to each of them once, and once more when it comes back.
//
// There are two positions, because a message that comes back is in memory: to look for it the store need not be read again.
import type { Sequence } from '../../store/held-message.ts'

export interface LookPosition {
  /** All entries in memory up to this one were looked at … */
  memory: Sequence
  /** … and all messages that only the store has up to this one. */
  store: Sequence
}

/** Told whose positions come and go: the same consumers have others in other windows. */
export interface PositionsFollower {
  added(position: LookPosition): void
  deleted(position: LookPosition): void
  wentBackTo(sequence: Sequence): void
  cleared(): void
}

export class LookPositions {
  /** null when nobody looks, as in most queues. */
  #all: Set<LookPosition> | null = null
  readonly #followers: PositionsFollower[] = []

  /** Begins at the beginning. */
  add(position: LookPosition): void {
    position.memory = position.store = 0
    this.#all ??= new Set()
    this.#all.add(position)
    for (const follower of this.#followers) follower.added(position)
  }

  delete(position: LookPosition): void {
    this.#all?.delete(position)
    for (const follower of this.#followers) follower.deleted(position)
  }

  clear(): void {
    this.#all = null
    for (const follower of this.#followers) follower.cleared()
  }

  /** `follower` is told of those that are there, and of all changes. */
  tell(follower: PositionsFollower): void {
    this.#followers.push(follower)
    for (const position of this.#all ?? []) follower.added(position)
  }

  /** An entry came into memory, perhaps before others that were looked at. */
  cameIn(sequence: Sequence): void {
    if (this.#all === null) return
    for (const position of this.#all) if (position.memory >= sequence) position.memory = sequence - 1
  }

  /** What only the store had between `after` and `upTo` is in memory now; `last` is the last entry that stood there before. */
  movedToMemory(after: Sequence, upTo: Sequence, last: Sequence): void {
    if (this.#all === null) return
    for (const position of this.#all) {
      if (position.store < upTo) position.memory = Math.min(position.memory, Math.max(position.store, after))
      else if (position.memory >= last) position.memory = Math.max(position.memory, upTo)
    }
  }

  /** What was passed over from this one on is to be looked at again. */
  goBackTo(sequence: Sequence): void {
    for (const position of this.#all ?? []) {
      position.memory = Math.min(position.memory, sequence - 1)
      position.store = Math.min(position.store, sequence - 1)
    }
    for (const follower of this.#followers) follower.wentBackTo(sequence)
  }

  /** Whether somebody has not looked at all of the range, but would go on there. */
  someWithin(after: Sequence, upTo: Sequence): boolean {
    for (const { store } of this.#all ?? []) if (store >= after && store < upTo) return true
    return false
  }
}
