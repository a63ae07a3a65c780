// What a member that was active and stops in good order waits for at last, when the machine's address goes with its process,
// as in a pod. Who tries an address that is gone gets no answer at all, for as long as the client's connection timeout (30 s
// if it names none): "connection refused", which sends it on to the next URI, needs somebody to say so. So the process stays,
// with its ports closed, until another member says that it is active and clients have had time to find it.
//
// It is no part of the election: lock and store are let go before.
import type { Clock } from '../base/clock.ts'
import type { Lock, LockHolder } from '../lock/lock.ts'
import { clientsMoveMs, clientsMoveShare, successorPollMs, successorWithinMs } from './limits.ts'

/** Whether the member says of itself that it is active; never rejects. */
export type AskWhetherActive = (holder: LockHolder) => Promise<boolean>

/** `term` is the one that has ended. Resolves soon in any case; never rejects. */
export async function awaitSuccessor(
  lock: Pick<Lock, 'holder'>,
  term: number,
  isActive: AskWhetherActive,
  clock: Clock,
): Promise<void> {
  const pause = (delayMs: number): Promise<void> => new Promise((resolve) => clock.after(delayMs, resolve))
  const beganMs = clock.monotonicMs()
  const passedMs = (): number => clock.monotonicMs() - beganMs
  while (passedMs() < successorWithinMs) {
    const holder = await lock.holder().catch(() => undefined)
    if (holder && holder.term > term && (await isActive(holder))) return pause(clientsMoveWithin(passedMs()))
    await pause(successorPollMs)
  }
}

const clientsMoveWithin = (tookMs: number): number =>
  Math.max(clientsMoveMs, Math.min(tookMs * clientsMoveShare, successorWithinMs - tookMs))
