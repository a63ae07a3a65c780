// persistJMSRedelivered from end to end: the active is killed while a consumer has messages.
import { afterEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type MessageConsumer } from '../../broker/client/index.ts'
import { settled, startMembers } from '../support/broker-process.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function consuming(url: string, queue: string): Promise<MessageConsumer> {
  const connection = await createConnectionFactory(url).createConnection()
  cleanups.push(() => connection.close())
  connection.start()
  const session = await connection.createSession('client')
  // Gets no more than it asks for.
  return session.createConsumer(queue, { prefetchSize: 0 })
}

test.each([
  ['PAYMENTS.A', true],
  ['OTHER', false],
])('after a takeover what was delivered from %s comes as redelivered: %s', async (queue, redelivered) => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-redelivered-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const config = { destinationPolicies: [{ queue: 'PAYMENTS.>', persistJMSRedelivered: true }] }
  const members = await startMembers(directory, 2, { config })
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  const active = await settled(members)
  const producing = await createConnectionFactory(active.url).createConnection()
  const producer = await (await producing.createSession('auto')).createProducer(queue)
  for (const text of ['a', 'b']) await producer.send(text)
  await producing.close()
  const first = await (await consuming(active.url, queue)).receive(10_000)
  expect(first).toMatchObject({ text: 'a', redelivered: false })

  await active.stop('SIGKILL')
  const next = members.find((member) => member !== active)!
  await next.waitForRole('Active')
  const consumer = await consuming(next.url, queue)
  const again = (await consumer.receive(10_000))!
  expect(again).toMatchObject({ text: 'a', redelivered, deliveryCount: redelivered ? 2 : 1 })
  await again.acknowledge()
  expect(await consumer.receive(10_000)).toMatchObject({ text: 'b', redelivered: false })
})
