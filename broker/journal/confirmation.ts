// What stands between a batch that is on this member's disk and the answers to whoever waits for it: the second of three
// steps, written → confirmed → completed. Batches complete in the order in which they were written; while one is being
// confirmed the next are written already.

/** Who writes the journal. */
export interface JournalOwner {
  readonly term: number
  /** Throws, or rejects where the proof has to wait, when this member no longer owns the journal. */
  verify(): void | Promise<void>
}

export interface BatchConfirmation {
  /**
   * Everything up to `end` of `segment` is synced. Returns when it is confirmed, or a promise where that has to wait for
   * somebody; throws or rejects when it never will be: then the journal has failed, and nothing completes any more. Called
   * for one batch after the other, also while earlier ones wait.
   */
  confirm(segment: number, end: number, owner: JournalOwner): void | Promise<void>
}

/**
 * For a journal that one member writes: it must still be its own after the sync. It may have been lost while this member was
 * stopped, in which case somebody else answers.
 */
export const proofOfOwnership: BatchConfirmation = { confirm: (_segment, _end, owner) => owner.verify() }
