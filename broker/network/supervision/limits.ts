// Limits and fixed times of those who keep bridges up, each with its reason.

/** Nobody is dialled again sooner than this, whatever a URI says: a broker that refuses at once must not keep us busy. */
export const quickestRetryMs = 100

/**
 * Of several brokers one will soon be active, so they are tried at least each initialReconnectDelay for this long: a hung active is
 * replaced within 45 s, and the bridge has to be back right after that, not half a minute later.
 */
export const takeoverWithinMs = 60_000

/** A delay is shortened by up to this share, so that brokers that lost each other at the same time do not dial in step. */
export const jitterShare = 0.25

/**
 * From dialling to a bridge that has started. What each step of it may take by itself adds up to this: 30 s to connect, 15 s to
 * negotiate, 30 s until the other broker has said who it is. Whatever still hangs then hangs for ever.
 */
export const startTimeoutMs = 75_000

/**
 * The same where there are others to try, in the first round: the address of a node that is gone takes packets and says nothing, and
 * the broker that took over is the next one in the list. Twice as much in each round that follows, for those that are far away.
 */
export const firstTryMs = 500

/** … up to this: whoever needs longer than that is of no use, and the others wait for their turn. */
export const longestTryMs = 10_000

/** Where there was a bridge before, how long that took to start is known, and so many times as long is enough, while they take over. */
export const patience = 3

/** What is behind an address that needs no bridge changes when people change it. */
export const restMs = 30_000
