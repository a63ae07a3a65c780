// Browsers from end to end: a broker process with little memory, its store, and the TypeScript client.
import { afterEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type Connection } from '../../broker/client/index.ts'
import { settled, startMembers } from '../support/broker-process.ts'

const messages = 20_000
const consumed = 3000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function connected(): Promise<Connection> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-browsers-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const members = await startMembers(directory, 1, { config: { memoryLimit: '1Mi' } })
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  const connection = await createConnectionFactory((await settled(members)).url).createConnection()
  cleanups.push(() => connection.close())
  connection.start()
  return connection
}

test('a browse of many messages with little memory is complete and in order, while others consume', async () => {
  const connection = await connected()
  const session = await connection.createSession('auto')
  const producer = await session.createProducer('Q')
  for (let sent = 0; sent < messages; sent += 1000)
    await Promise.all(Array.from({ length: 1000 }, (_, i) => producer.send(sendable(sent + i))))

  const consumer = await session.createConsumer('Q', { prefetchSize: 50 })
  const consuming = (async () => {
    for (let i = 0; i < consumed; i++) expect((await consumer.receive(20_000))!.text).toBe(`${i}`)
  })()
  const [all, some] = await Promise.all([seen(session.browse('Q')), seen(session.browse('Q', 'number >= 19990'))])
  await consuming
  await consumer.close()

  expect(all).toEqual(all.toSorted((a, b) => a - b))
  expect(all.slice(-(messages - consumed))).toEqual(Array.from({ length: messages - consumed }, (_, i) => consumed + i))
  expect(new Set(all).size).toBe(all.length)
  expect(some).toEqual(Array.from({ length: 10 }, (_, i) => 19_990 + i))
  expect((await seen(session.browse('Q', 'number < 3010')))[0]).toBe(consumed)
})

const sendable = (number: number) => ({ body: `${number}`, properties: { number, filler: 'x'.repeat(200) } })

async function seen(browse: AsyncIterable<{ readonly text: string | null }>): Promise<number[]> {
  const numbers: number[] = []
  for await (const { text } of browse) numbers.push(Number(text))
  return numbers
}
