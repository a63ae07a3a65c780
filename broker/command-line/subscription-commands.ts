// `flotilla subscription list|delete URL`: the durable subscriptions of a running broker, asked for at its admin port.
import { Command } from 'commander'
import { adminPaths, type InventoryAnswer, type SubscriptionRow } from '../management/contract.ts'
import { type AdminPorts, adminUrl, askBroker, exitCodes, explainExitCodes, printAnswer } from './ask-broker.ts'

export function buildSubscriptionCommand(ports: AdminPorts, finish: (code: number) => void): Command {
  const subscription = new Command('subscription').description('Durable subscriptions of a running broker.')
  subscription
    .command('list')
    .description('Lists them: topic, client id, name, whether it has a consumer, and how many messages wait for it.')
    .argument('<url>', adminUrl)
    .action((url: string) => askBroker(ports, finish, () => list(ports, url)))
  subscription
    .command('delete')
    .description('Deletes one that has no consumer, with all that waits for it.')
    .argument('<url>', adminUrl)
    .argument('<clientId>')
    .argument('<name>')
    .action((url: string, clientId: string, name: string) =>
      askBroker(ports, finish, () => printAnswer(ports, 'DELETE', subscriptionUrl(url, clientId, name))),
    )
  explainExitCodes(subscription.commands)
  return subscription
}

async function list({ request, print, printError }: AdminPorts, base: string): Promise<number> {
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

function subscriptionUrl(base: string, clientId: string, subscriptionName: string): URL {
  const url = new URL(adminPaths.subscriptions, base)
  url.search = new URLSearchParams({ clientId, subscriptionName }).toString()
  return url
}

const describe = ({ topic, clientId, subscriptionName, active, pending, noLocal, selector }: SubscriptionRow): string =>
  `${topic}  ${clientId}  ${subscriptionName}  ${active ? 'active' : 'offline'}  ${pending} ${pending === 1 ? 'message' : 'messages'}` +
  `${noLocal ? '  noLocal' : ''}${selector === null ? '' : `  selector ${selector}`}\n`
