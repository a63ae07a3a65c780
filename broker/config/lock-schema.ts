// How members of a group wait for their lock and prove it, whatever it is.
import { z } from 'zod'
import { durationHint, parseDuration } from './duration-and-size.ts'

export const lockDuration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, { error: `expected ${durationHint}` })

export const lockSchema = z.strictObject({
  /** How often a standby tries for the lock. */
  acquireInterval: lockDuration.default('250ms'),
  /** How often the active proves its lock, besides each group commit. */
  keepAlivePeriod: lockDuration.default('2s'),
})
