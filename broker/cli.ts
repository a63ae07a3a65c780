// The command line beside the broker: `flotilla journal check|dump DIR` looks at what a broker has left or is using, `flotilla
// subscription list|delete URL` and `flotilla network list|start|stop URL` ask a running one. Each says in its help what its exit codes mean.
import { Command } from 'commander'
import { buildJournalCommand, exitCodes } from './command-line/journal-commands.ts'
import { buildNetworkCommand } from './command-line/network-commands.ts'
import { buildSubscriptionCommand } from './command-line/subscription-commands.ts'
import { nodeDisk } from './disk/node-disk.ts'

// Whoever reads our output may have seen enough.
process.stdout.on('error', () => process.exit(exitCodes.unreadable))

const ports = {
  disk: nodeDisk,
  print: (text: string): Promise<void> => new Promise((resolve) => process.stdout.write(text, () => resolve())),
  printError: (text: string): void => void process.stderr.write(text),
}
const program = new Command('flotilla').description('Tools for the broker. To run one: npm run broker -- --help')
const request = async (method: string, url: URL): Promise<{ status: number; text: string }> => {
  const answer = await fetch(url, { method })
  return { status: answer.status, text: await answer.text() }
}
program.addCommand(buildJournalCommand(ports, (code) => (process.exitCode = code)))
program.addCommand(buildSubscriptionCommand({ ...ports, request }, (code) => (process.exitCode = code)))
program.addCommand(buildNetworkCommand({ ...ports, request }, (code) => (process.exitCode = code)))
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.intact : exitCodes.unreadable))
await program.parseAsync()
