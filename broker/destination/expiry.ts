// When a message is no longer worth delivering (JMS 1.1 section 3.4.9).
import type { Clock } from '../base/clock.ts'

/** `expiration` is absolute, in milliseconds; 0 = never. */
export const isExpired = (message: { readonly expiration: number }, nowMs: number): boolean =>
  message.expiration > 0 && message.expiration <= nowMs

/** A transaction may have been open, or a sync may have taken, longer than the message lives. Most have no end, and need no clock. */
export const expiredOnItsWay = (message: { readonly expiration: number }, clock: Clock): boolean =>
  message.expiration > 0 && isExpired(message, clock.nowMs())
