// The broker at the other end of a bridge is killed when it has stored, and even consumed, what was forwarded to it, and none of its
// answers has arrived: all of it is sent again to the next active, which knows it. Real processes, real sockets, real SIGKILLs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { createConnectionFactory, type Connection } from '../../../broker/client/index.ts'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import type { BrokerSnapshot, DestinationRow, InventoryAnswer } from '../../../broker/management/contract.ts'
import { activeAfter, settled, startMembers, type BrokerMember } from '../../support/broker-process.ts'
import { SeverableLink } from '../../support/severable-link.ts'

const queue = 'ORDERS'
const count = 20
const reconnecting = 'initialReconnectDelay=10&maxReconnectDelay=100&useExponentialBackOff=false&timeout=120000'
const longestWaitMs = 60_000

interface Case {
  readonly receivers: 1 | 2
  /** The receiver dials, and gets messages over its duplex bridge; else the sender dials. */
  readonly duplex: boolean
  /** How many of the messages are consumed before the kill. */
  readonly consumedBefore: number
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

test.each<Case>([
  { receivers: 1, duplex: false, consumedBefore: 0 },
  { receivers: 1, duplex: false, consumedBefore: count },
  { receivers: 2, duplex: false, consumedBefore: count / 2 },
  { receivers: 1, duplex: true, consumedBefore: count / 2 },
])('what was stored and not answered comes once: %j', async (situation) => {
  const { consumedBefore } = situation
  const { sender, receivers, links, silence } = await network(situation)
  const active = await settled(receivers)
  const { term } = (await active.role())!
  const urls = receivers.map(({ url }) => url).join(',')
  const url = `failover:(${urls})?${reconnecting}`
  const before = await consumer(url)
  await until('demand', async () => (await demandOf(sender)) > 0)
  silence()
  await send(sender, numbered(count))
  await until('messages there', async () => (await sizeOf(active)) === count)
  const texts = await before.receive(consumedBefore)
  await until('what was consumed is gone', async () => (await sizeOf(active)) === count - consumedBefore)
  expect(await sizeOf(sender)).toBe(count)
  // The next one has not seen any of it: clients drop by themselves what comes twice.
  await before.close()

  active.kill('SIGKILL')
  for (const link of links) link.cut()
  for (const link of links) link.mend()
  await activeAfter(receivers, term ?? 0)
  const after = await consumer(url)
  await until('answers', async () => (await sizeOf(sender)) === 0)
  await send(sender, ['last'])
  while (texts.at(-1) !== 'last') texts.push(...(await after.receive(1)))
  expect(texts).toEqual([...numbered(count), 'last'])
})

async function network({ receivers: members, duplex }: Case) {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-unanswered-'))
  closing.push(() => rmSync(directory, { recursive: true, force: true }))
  const stored = { store: { type: 'Journal', maxFileLength: '1Mi' } } as const
  const start = async (name: string, size: number, more: BrokerConfigInput = {}): Promise<readonly BrokerMember[]> => {
    const config = { brokerName: name, brokerId: `ID:${name}`, ...stored, ...more }
    const started = await startMembers(join(directory, name), size, { config })
    closing.push(() => Promise.all(started.map((member) => member.stop('SIGKILL'))))
    return started
  }
  const linksTo = async (to: readonly BrokerMember[]): Promise<readonly SeverableLink[]> => {
    const links = await Promise.all(to.map(({ options }) => SeverableLink.to(options.openwirePort)))
    for (const link of links) closing.push(() => link.close())
    return links
  }
  const connectorTo = (links: readonly SeverableLink[]): BrokerConfigInput => {
    const scheme = links.length > 1 ? 'masterslave' : 'static'
    const uri = `${scheme}:(${links.map(({ url }) => url).join(',')})?minConnectTime=0`
    return { networkConnectors: [{ name: 'nc', uri, duplex }] }
  }
  const dialled = await start('dialled', duplex ? 1 : members)
  const links = await linksTo(dialled)
  const diallers = await start('dialler', duplex ? members : 1, connectorTo(links))
  await Promise.all([settled(dialled), settled(diallers)])
  const [senders, receivers] = duplex ? [dialled, diallers] : [diallers, dialled]
  const silence = (): void => links.forEach((link) => link.silence(duplex ? 'dialler' : 'dialled'))
  return { sender: senders[0]!, receivers, links, silence }
}

interface Receiver {
  /** Receives and commits so many. */
  receive(messages: number): Promise<string[]>
  close(): Promise<void>
}

async function consumer(url: string): Promise<Receiver> {
  const connection = await connect(url)
  const session = await connection.createSession('transacted')
  const from = await session.createConsumer(`queue://${queue}`)
  connection.start()
  const receive = async (messages: number): Promise<string[]> => {
    const texts: string[] = []
    while (texts.length < messages) {
      const message = await from.receive(longestWaitMs)
      if (!message) throw new Error(`No message within ${longestWaitMs} ms`)
      texts.push(message.text ?? '')
    }
    await session.commit()
    return texts
  }
  return { receive, close: () => connection.close() }
}

async function send({ url }: BrokerMember, texts: readonly string[]): Promise<void> {
  const connection = await connect(url)
  const producer = await (await connection.createSession()).createProducer(`queue://${queue}`)
  for (const text of texts) await producer.send(text)
}

async function connect(url: string): Promise<Connection> {
  const connection = await createConnectionFactory(url).createConnection()
  closing.push(() => connection.close().catch(() => {}))
  return connection
}

const numbered = (upTo: number): string[] => Array.from({ length: upTo }, (_, index) => `${index + 1}`)

/** -1 while it does not answer. */
async function sizeOf(member: BrokerMember): Promise<number> {
  const answer = await ask<InventoryAnswer<DestinationRow>>(member, 'destinations')
  return answer?.items.find(({ name, kind }) => name === queue && kind === 'queue')?.size ?? -1
}

async function demandOf(member: BrokerMember): Promise<number> {
  const bridges = (await ask<BrokerSnapshot>(member, 'snapshot'))?.networkBridges ?? []
  return Math.max(0, ...bridges.map(({ demandSubscriptions }) => demandSubscriptions))
}

async function ask<T>({ options: { adminPort } }: BrokerMember, what: string): Promise<T | undefined> {
  try {
    return (await (await fetch(`http://127.0.0.1:${adminPort}/${what}`)).json()) as T
  } catch {
    return undefined
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longestWaitMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`No ${what} within ${longestWaitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
