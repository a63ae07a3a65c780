// Limits of the memory store, each with its reason.

export const memoryStoreLimits = {
  /** What it may take when nobody says how much (a broker says: its memory limit, or `store.limit`). */
  limitBytes: 2 ** 30,
  /** What a message takes besides its bytes: the Buffer in front of them, its entry and the place of that in its queue. */
  messageOverheadBytes: 256,
} as const
