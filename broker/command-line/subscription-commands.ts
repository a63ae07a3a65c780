// `flotilla subscription list|delete URL`: the durable subscriptions of a running broker, asked for at its admin port.
//
// Exit codes: 0 done, 1 refused (there is none, or it has a consumer), 2 usage, or nobody answered.
import { Command } from 'commander'
import { errorMessage } from '../base/errors.ts'
import { adminPaths, type InventoryAnswer, type SubscriptionRow } from '../management/contract.ts'

export interface SubscriptionPorts {
  /** Rejects when nobody answers. */
  readonly request: (method: 'GET' | 'DELETE', url: URL) => Promise<{ readonly status: number; readonly text: string }>
  readonly print: (text: string) => Promise<void>
  readonly printError: (text: string) => void
}

const exitCodes = { done: 0, refused: 1, unanswered: 2 } as const
const adminUrl = 'admin port of the active member, as http://127.0.0.1:8161'

export function buildSubscriptionCommand(ports: SubscriptionPorts, finish: (code: number) => void): Command {
  const subscription = new Command('subscription').description('Durable subscriptions of a running broker.')
  const run = async (act: () => Promise<number>): Promise<void> => {
    try {
      finish(await act())
    } catch (error) {
      ports.printError(`Cannot ask the broker: ${errorMessage(error)}\n`)
      finish(exitCodes.unanswered)
    }
  }
  subscription
    .command('list')
    .description('Lists them: topic, client id, name, whether it has a consumer, and how many messages wait for it.')
    .argument('<url>', adminUrl)
    .action((url: string) => run(() => list(ports, url)))
  subscription
    .command('delete')
    .description('Deletes one that has no consumer, with all that waits for it.')
    .argument('<url>', adminUrl)
    .argument('<clientId>')
    .argument('<name>')
    .action((url: string, clientId: string, name: string) => run(() => remove(ports, url, clientId, name)))
  for (const command of subscription.commands)
    command.addHelpText('after', '\nExit codes: 0 done, 1 refused, 2 wrong usage, or nobody answered.')
  return subscription
}

async function list({ request, print, printError }: SubscriptionPorts, base: string): Promise<number> {
  const url = new URL(adminPaths.subscriptions, base)
  for (let after: string | null = '0'; after !== null;) {
    url.search = new URLSearchParams({ limit: '1000', after }).toString()
    const { status, text } = await request('GET', url)
    if (status !== 200) {
      printError(text)
      return exitCodes.refused
    }
    const page = JSON.parse(text) as InventoryAnswer<SubscriptionRow>
    for (const row of page.items) await print(describe(row))
    after = page.next
  }
  return exitCodes.done
}

async function remove(
  { request, print, printError }: SubscriptionPorts,
  base: string,
  clientId: string,
  subscriptionName: string,
): Promise<number> {
  const url = new URL(adminPaths.subscriptions, base)
  url.search = new URLSearchParams({ clientId, subscriptionName }).toString()
  const { status, text } = await request('DELETE', url)
  if (status === 200) await print(text)
  else printError(text)
  return status === 200 ? exitCodes.done : exitCodes.refused
}

const describe = ({ topic, clientId, subscriptionName, active, pending, noLocal, selector }: SubscriptionRow): string =>
  `${topic}  ${clientId}  ${subscriptionName}  ${active ? 'active' : 'offline'}  ${pending} ${pending === 1 ? 'message' : 'messages'}` +
  `${noLocal ? '  noLocal' : ''}${selector === null ? '' : `  selector ${selector}`}\n`
