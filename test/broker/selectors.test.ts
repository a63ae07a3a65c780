// Selectors from end to end: two broker processes on one directory, and the TypeScript client.
import { afterEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type Connection, type MessageConsumer } from '../../broker/client/index.ts'
import { settled, startMembers, type BrokerMember } from '../support/broker-process.ts'

const backlog = 4000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function started(): Promise<{ members: BrokerMember[]; active: BrokerMember; connection: Connection }> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-selectors-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const members = await startMembers(directory, 2)
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  const active = await settled(members)
  const url = `failover:(${members.map((member) => member.url).join(',')})?maxReconnectDelay=100`
  const connection = await createConnectionFactory(url).createConnection()
  cleanups.push(() => connection.close())
  connection.start()
  return { members, active, connection }
}

async function textsOf(consumer: MessageConsumer, count: number): Promise<(string | null)[]> {
  const texts: (string | null)[] = []
  while (texts.length < count) {
    const message = await consumer.receive(10_000)
    if (!message) return texts
    texts.push(message.text)
    await message.acknowledge()
  }
  return texts
}

test('what is wanted comes out of a backlog in the store, also after a failover, and the rest stays', async () => {
  const { active, members, connection } = await started()
  const session = await connection.createSession('client')
  const producer = await session.createProducer('Q')
  const send = (number: number) =>
    producer.send({ body: `${number}`, properties: { color: number % 1000 === 999 ? 'red' : 'grey', number } })
  await Promise.all(Array.from({ length: backlog }, (_, number) => send(number)))
  const nobody = await session.createConsumer('Q', { selector: "color = 'pink'" })
  const red = await session.createConsumer('Q', { selector: "color = 'red' AND number > 1000", prefetchSize: 1 })
  expect(await textsOf(red, 2)).toEqual(['1999', '2999'])
  await active.stop('SIGKILL')
  await members.find((member) => member !== active)!.waitForRole('Active')
  expect(await textsOf(red, 1)).toEqual(['3999'])
  await producer.send({ body: 'late', properties: { color: 'red', number: 5000 } })
  expect(await textsOf(red, 1)).toEqual(['late'])
  await red.close()
  await nobody.close()
  const grey = await session.createConsumer('Q', { selector: 'number BETWEEN 998 AND 1000' })
  expect(await textsOf(grey, 3)).toEqual(['998', '999', '1000'])
})

test('a bad selector is told to the client, and the session goes on', async () => {
  const { connection } = await started()
  const session = await connection.createSession('auto')
  await expect(session.createConsumer('Q', { selector: 'color = red AND' })).rejects.toMatchObject({
    name: 'InvalidSelectorException',
    message: expect.stringContaining('at character 16 a name, a value or ( was expected, found the end'),
  })
  const consumer = await session.createConsumer('T', { selector: "color = 'red'" })
  const producer = await session.createProducer('T')
  await producer.send({ body: 'x', properties: { color: 'blue' } })
  await producer.send({ body: 'y', properties: { color: 'red' } })
  expect(await textsOf(consumer, 1)).toEqual(['y'])
})
