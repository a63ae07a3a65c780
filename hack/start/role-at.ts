// Asks a broker over its admin port what it is.
import { adminPaths, type RoleAnswer } from '../../broker/management/contract.ts'

const answerWithinMs = 1000

/** undefined when it does not answer. */
export async function roleAt(adminUrl: string): Promise<RoleAnswer | undefined> {
  try {
    const answer = await fetch(`${adminUrl}${adminPaths.role}`, { signal: AbortSignal.timeout(answerWithinMs) })
    return (await answer.json()) as RoleAnswer
  } catch {
    return undefined
  }
}
