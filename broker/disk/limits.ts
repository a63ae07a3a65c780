// Limits of the disk, each with its reason.

export const diskLimits = {
  /** Zeros written at once: a sync of the same file that comes meanwhile has to wait for them. */
  zerosBytes: 256 * 1024,
} as const
