// Asks a broker over its admin port what it is.
import { adminPaths, type RoleAnswer } from './contract.ts'
import { roleAnswerMs } from './limits.ts'

/** `adminUrl`: any URL of that port. undefined when it does not answer. */
export async function roleAt(adminUrl: string): Promise<RoleAnswer | undefined> {
  try {
    const answer = await fetch(new URL(adminPaths.role, adminUrl), { signal: AbortSignal.timeout(roleAnswerMs) })
    return (await answer.json()) as RoleAnswer
  } catch {
    return undefined
  }
}
