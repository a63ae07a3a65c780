// `flotilla journal check|dump DIR`: looks at the journal of a store, running or not, and changes nothing.
//
// DIR is a data directory or the journal in it. Exit codes: 0 intact, 1 damage was found, 2 usage, or nothing could be read.
// Text is for people; `--output json` gives one document (check), or one line for the journal and one for each message (dump).
import { Command, Option } from 'commander'
import { errorCode, errorMessage } from '../base/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { newestTerm } from '../journal/segment-table.ts'
import type { DurableState } from '../replication/core.ts'
import { loadMemberState, memberStateFile } from '../replication/member-state.ts'
import { inspectJournal, type JournalInspection } from '../store/journal/journal-inspection.ts'
import { describeJournal, describeMessage, journalDocument } from './journal-text.ts'

export const exitCodes = { intact: 0, damaged: 1, unreadable: 2 } as const

export interface CommandLinePorts {
  readonly disk: Disk
  /** Resolves when more may be written. */
  readonly print: (text: string) => Promise<void>
  readonly printError: (text: string) => void
}

type Output = 'text' | 'json'

interface Inspected {
  readonly inspection: JournalInspection
  readonly path: string
  /** Of a member of a replicated store. */
  readonly member: DurableState | undefined
}

export function buildJournalCommand(ports: CommandLinePorts, finish: (code: number) => void): Command {
  const journal = new Command('journal').description('Looks at the journal of a store; changes nothing.')
  const add = (
    name: string,
    description: string,
    run: (inspected: Inspected, output: Output) => Promise<void>,
  ): void => {
    journal
      .command(name)
      .description(description)
      .argument('<dir>', 'data directory of a broker, or the journal in it; the broker may be running')
      .addOption(new Option('--output <form>', 'form of the output').choices(['text', 'json']).default('text'))
      .addHelpText('after', '\nExit codes: 0 intact, 1 damage was found, 2 wrong usage, or nothing could be read.')
      .action(async (directory: string, { output }: { output: Output }) => {
        finish(await inspect(ports, directory, (inspected) => run(inspected, output)))
      })
  }
  add('check', 'Reads every byte that counts and reports damage with file and offset.', (inspected, output) =>
    ports.print(headOf(inspected, output)),
  )
  add('dump', 'The same, and every message that can be read.', async (inspected, output) => {
    await ports.print(headOf(inspected, output))
    for await (const message of inspected.inspection.messages())
      await ports.print(output === 'json' ? `${JSON.stringify(message)}\n` : describeMessage(message))
  })
  return journal
}

async function inspect(
  { disk, printError }: CommandLinePorts,
  directory: string,
  show: (inspected: Inspected) => Promise<void>,
): Promise<number> {
  try {
    const path = await journalIn(disk, directory)
    const inspection = await inspectJournal(disk, path)
    await show({ inspection, path, member: await memberStateOf(disk, path) })
    return inspection.damage.length > 0 ? exitCodes.damaged : exitCodes.intact
  } catch (error) {
    printError(`${reasonFor(error, directory)}\n`)
    return exitCodes.unreadable
  }
}

const headOf = ({ path, inspection, member }: Inspected, output: Output): string =>
  output === 'json' ? journalDocument(path, inspection, member) : describeJournal(path, inspection, member)

async function memberStateOf(disk: Disk, path: string): Promise<DurableState | undefined> {
  return (await disk.exists(`${path}/${memberStateFile}`)) ? loadMemberState(disk, path) : undefined
}

/** `directory` itself or the journal in it; rejects when neither is one. */
async function journalIn(disk: Disk, directory: string): Promise<string> {
  for (const path of [directory, `${directory}/journal`]) if ((await newestTerm(disk, path)) > 0) return path
  throw new Error(`Cannot find a journal in ${directory}: neither it nor its folder journal has a folder term-<number>`)
}

function reasonFor(error: unknown, directory: string): string {
  const message = errorMessage(error)
  return message.startsWith('Cannot ') ? message : `Cannot read ${directory}: ${errorCode(error) ?? ''} ${message}`
}
