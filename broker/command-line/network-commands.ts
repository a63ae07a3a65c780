// `flotilla network list|start|stop URL`: network connectors and bridges of a running broker, asked for at its admin port.
import { Command } from 'commander'
import { adminPaths, type NetworkAnswer, type NetworkBridgeSnapshot } from '../management/contract.ts'
import { type AdminPorts, adminUrl, askBroker, exitCodes, explainExitCodes, printAnswer } from './ask-broker.ts'

export function buildNetworkCommand(ports: AdminPorts, finish: (code: number) => void): Command {
  const network = new Command('network').description('Network connectors and bridges of a running broker.')
  network
    .command('list')
    .description(
      'Lists the connectors, then the bridges: connector, whom it is to reach, state, broker, and what went over it.',
    )
    .argument('<url>', adminUrl)
    .action((url: string) => askBroker(ports, finish, () => list(ports, url)))
  for (const [verb, done] of [
    ['start', 'Starts a connector that is stopped.'],
    ['stop', 'Stops a connector and its bridges, until it is started or another member becomes active.'],
  ] as const)
    network
      .command(verb)
      .description(done)
      .argument('<url>', adminUrl)
      .argument('<name>', 'of the network connector')
      .action((url: string, name: string) =>
        askBroker(ports, finish, () => printAnswer(ports, 'POST', switchUrl(url, name, verb))),
      )
  explainExitCodes(network.commands)
  return network
}

async function list({ request, print, printError }: AdminPorts, base: string): Promise<number> {
  const { status, text } = await request('GET', new URL(adminPaths.networkConnectors, base))
  if (status !== 200) {
    printError(text)
    return exitCodes.refused
  }
  const { connectors, bridges } = JSON.parse(text) as NetworkAnswer
  for (const { name, duplex, started } of connectors)
    await print(`${name}  ${started ? 'started' : 'stopped'}${duplex ? '  duplex' : ''}\n`)
  for (const bridge of bridges) await print(describe(bridge))
  return exitCodes.done
}

const switchUrl = (base: string, name: string, verb: 'start' | 'stop'): URL =>
  new URL(`${adminPaths.networkConnectors}/${encodeURIComponent(name)}/${verb}`, base)

function describe({
  connector,
  uri,
  accepted,
  state,
  reason,
  remoteBrokerName,
  ...bridge
}: NetworkBridgeSnapshot): string {
  const { forwarded, received, restarts, duplex } = bridge
  const counts = [
    `${forwarded} forwarded`,
    ...(duplex ? [`${received} received`] : []),
    `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`,
  ]
  const why = state === 'Connected' || reason === null ? '' : `  ${reason}`
  return `${connector}  ${accepted ? 'accepted from ' : ''}${uri}  ${state}  ${remoteBrokerName ?? '-'}  ${counts.join(', ')}${why}\n`
}
