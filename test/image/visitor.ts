// What a test does in the network of a container (Container.visit):
//
//   send N | receive N      messages of the queue ORDERS by the project's client      probe PATH      status and body of the admin port
import { createConnectionFactory } from '../../broker/client/index.ts'

const queue = 'queue://ORDERS'
const receiveTimeoutMs = 60_000

const [what, argument] = process.argv.slice(2)
if (what === 'probe') await probe(argument!)
else await exchange(what!, Number(argument))

async function probe(path: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:8161${path}`)
  process.stdout.write(`${answer.status} ${await answer.text()}`)
}

async function exchange(direction: string, count: number): Promise<void> {
  const connection = await createConnectionFactory('tcp://127.0.0.1:61616').createConnection()
  connection.start()
  const session = await connection.createSession('auto')
  if (direction === 'send') {
    const producer = await session.createProducer(queue)
    for (let number = 1; number <= count; number++) await producer.send(`message ${number}`)
  } else {
    const consumer = await session.createConsumer(queue)
    for (let number = 1; number <= count; number++)
      process.stdout.write(`${(await consumer.receive(receiveTimeoutMs))?.text}\n`)
  }
  await connection.close()
}
