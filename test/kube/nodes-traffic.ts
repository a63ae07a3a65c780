// Clients of brokers in a cluster with nodes that never rest, run by `kube exec`: URL. Prints a line whenever so many more
// messages have gone all the way, and on SIGTERM the account, as JSON.
import { Traffic } from '../support/traffic.ts'

const messagesPerLine = 200

const traffic = await Traffic.start(process.argv[2]!, 'TRAFFIC')
process.on('SIGTERM', () => {
  void traffic.stop().then((account) => {
    process.stdout.write(`${JSON.stringify(account)}\n`, () => process.exit())
  })
})
for (;;) {
  await traffic.flows(messagesPerLine)
  process.stdout.write('flows\n')
}
