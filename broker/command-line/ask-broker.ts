// What commands share that ask a running broker at its admin port.
//
// Exit codes: 0 done, 1 refused, 2 usage, or nobody answered.
import type { Command } from 'commander'
import { errorMessage } from '../base/errors.ts'

export interface AdminPorts {
  /** Rejects when nobody answers. */
  readonly request: (method: string, url: URL) => Promise<{ readonly status: number; readonly text: string }>
  readonly print: (text: string) => Promise<void>
  readonly printError: (text: string) => void
}

export const exitCodes = { done: 0, refused: 1, unanswered: 2 } as const
export const adminUrl = 'admin port of the active member, as http://127.0.0.1:8161'

/** Does what a command is for, and ends with the exit code that it gives. */
export async function askBroker(
  { printError }: AdminPorts,
  finish: (code: number) => void,
  ask: () => Promise<number>,
): Promise<void> {
  try {
    finish(await ask())
  } catch (error) {
    printError(`Cannot ask the broker: ${errorMessage(error)}\n`)
    finish(exitCodes.unanswered)
  }
}

/** Prints what the broker says to a request that changes something. */
export async function printAnswer(
  { request, print, printError }: AdminPorts,
  method: string,
  url: URL,
): Promise<number> {
  const { status, text } = await request(method, url)
  if (status === 200) await print(text)
  else printError(text)
  return status === 200 ? exitCodes.done : exitCodes.refused
}

export function explainExitCodes(commands: readonly Command[]): void {
  for (const command of commands)
    command.addHelpText('after', '\nExit codes: 0 done, 1 refused, 2 wrong usage, or nobody answered.')
}
