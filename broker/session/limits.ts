// Limits that sessions of all protocols share, each with its reason.

/** A limit that is reached is logged this often at most, with the number of times: strangers must not fill the disk. */
export const limitLogPeriodMs = 10_000
