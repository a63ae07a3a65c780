// A broker in this process that is drained, and what its neighbours have in the end.
import type { BrokerSnapshot, DrainSnapshot } from '../../broker/management/contract.ts'
import {
  createConnectionFactory,
  type ReceivedMessage,
  type SendOptions,
  type Sendable,
} from '../../broker/client/index.ts'
import type { StartedBroker } from './started-broker.ts'
import { turns } from './turns.ts'

export const uriOf = (...brokers: readonly Pick<StartedBroker, 'port'>[]): string =>
  `static:(${brokers.map(({ port }) => `tcp://127.0.0.1:${port}`).join(',')})?initialReconnectDelay=100`

export async function put(adminUrl: string, to: readonly string[]): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${adminUrl}/drain`, { method: 'PUT', body: JSON.stringify({ to }) })
  return { status: answer.status, text: await answer.text() }
}

export async function callOff(adminUrl: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${adminUrl}/drain`, { method: 'DELETE' })
  return { status: answer.status, text: await answer.text() }
}

export const snapshotOf = async (adminUrl: string): Promise<BrokerSnapshot> =>
  (await (await fetch(`${adminUrl}/snapshot`)).json()) as BrokerSnapshot

/** Resolves when the drain is as it should be. */
export async function drainIs(adminUrl: string, is: (drain: DrainSnapshot) => boolean): Promise<DrainSnapshot> {
  for (;;) {
    const { drain } = await snapshotOf(adminUrl)
    if (drain && is(drain)) return drain
    await turns(20)
  }
}

export const drained = (adminUrl: string): Promise<DrainSnapshot> =>
  drainIs(adminUrl, ({ messagesRemaining }) => messagesRemaining === 0)

export async function sendTo(
  port: number,
  destination: string,
  messages: readonly Sendable[],
  options?: SendOptions,
): Promise<void> {
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${port}`).createConnection()
  const session = await connection.createSession()
  const producer = await session.createProducer(destination)
  await Promise.all(messages.map((message) => producer.send(message, options)))
  await connection.close()
}

/** All that a queue has, in order; it has nothing left then. */
export async function takeFrom(port: number, queue: string, count: number): Promise<ReceivedMessage[]> {
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${port}`).createConnection()
  const session = await connection.createSession('client')
  const consumer = await session.createConsumer(`queue://${queue}`)
  connection.start()
  const taken: ReceivedMessage[] = []
  while (taken.length < count) {
    const message = await consumer.receive()
    if (message === null) break
    taken.push(message)
  }
  // One more than there should be would be here by now: they come together.
  const more = await consumer.receiveNoWait()
  if (more) taken.push(more)
  await taken.at(-1)?.acknowledge()
  await connection.close()
  return taken
}

export const textsOf = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ text }) => text ?? '')

/** Messages of each queue that has some. */
export async function sizesOf(adminUrl: string): Promise<Readonly<Record<string, number>>> {
  const { items } = (await (await fetch(`${adminUrl}/destinations`)).json()) as {
    items: { name: string; kind: string; size: number }[]
  }
  return Object.fromEntries(
    items.filter(({ kind, size }) => kind === 'queue' && size > 0).map(({ name, size }) => [name, size]),
  )
}
