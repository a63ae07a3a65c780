// Waits for what nobody tells.
import { sleep } from './fault.ts'

const pollMs = 20

/** Rejects with the complaint when it does not come. */
export async function until(isThere: () => boolean, timeoutMs: number, complaint: string): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error(`${complaint}, for ${timeoutMs} ms`)
    await sleep(pollMs)
  }
}
