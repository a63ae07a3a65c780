// What a member that was active and stops in good order waits for at last, when the machine's address goes with its process,
// as in a pod. Who tries an address that is gone gets no answer at all, for as long as the client's connection timeout (30 s
// if it names none): "connection refused", which sends it on to the next URI, needs somebody to say so. So the process stays,
// with its ports closed, until there is another active member and clients have had time to find it.
//
// It is no part of the election: lock and store are let go before.
import type { Clock } from '../base/clock.ts'
import type { Lock } from '../lock/lock.ts'
import { clientsMoveMs, successorPollMs, successorWithinMs } from './limits.ts'

/** `term` is the one that has ended. Resolves soon in any case; never rejects. */
export async function awaitSuccessor(lock: Pick<Lock, 'holder'>, term: number, clock: Clock): Promise<void> {
  const pause = (delayMs: number): Promise<void> => new Promise((resolve) => clock.after(delayMs, resolve))
  const endMs = clock.monotonicMs() + successorWithinMs
  while (clock.monotonicMs() < endMs) {
    const holder = await lock.holder().catch(() => undefined)
    if (holder && holder.term > term) return pause(clientsMoveMs)
    await pause(successorPollMs)
  }
}
