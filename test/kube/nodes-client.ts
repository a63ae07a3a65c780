// A client of brokers in a cluster with nodes, run by `kube exec`: send|receive URL COUNT prints the texts of as many messages.
import { createConnectionFactory } from '../../broker/client/index.ts'

const queue = 'queue://ORDERS'
const receiveTimeoutMs = 60_000

const [direction, url, count] = process.argv.slice(2)
const connection = await createConnectionFactory(url!).createConnection()
connection.start()
const session = await connection.createSession('auto')
const exchange = direction === 'send' ? await sending() : await receiving()
for (let number = 1; number <= Number(count); number++) process.stdout.write(`${await exchange(number)}\n`)
await connection.close()

async function sending(): Promise<(number: number) => Promise<string>> {
  const producer = await session.createProducer(queue)
  return async (number) => {
    const text = `message ${number}`
    await producer.send(text)
    return text
  }
}

async function receiving(): Promise<() => Promise<string | null | undefined>> {
  const consumer = await session.createConsumer(queue)
  return async () => (await consumer.receive(receiveTimeoutMs))?.text
}
