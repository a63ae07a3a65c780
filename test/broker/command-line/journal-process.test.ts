// `flotilla journal` on what a real broker has written: while it runs, after it was killed, and with a flipped bit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createConnectionFactory } from '../../../broker/client/index.ts'
import { startMembers } from '../../support/broker-process.ts'

const root = join(import.meta.dirname, '../../..')
const count = 50
// Processes start slowly on a busy machine.
jest.setTimeout(60_000)
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function flotilla(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(root, 'broker/cli.ts'), ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

async function send(url: string): Promise<void> {
  const connection = await createConnectionFactory(url).createConnection()
  const session = await connection.createSession('auto')
  const producer = await session.createProducer('queue://ORDERS')
  for (let n = 0; n < count; n++) await producer.send({ body: `order number ${n}, please` })
  await connection.close()
}

test('a journal is intact while its broker runs and after it was killed; a flipped bit is told and hides nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-journal-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const [member] = await startMembers(directory, 1)
  cleanups.push(() => member!.stop('SIGKILL'))
  await member!.waitForRole('Active')
  await send(member!.url)
  const data = join(directory, 'data')

  const running = await flotilla('journal', 'check', data)
  expect(running).toEqual({ code: 0, output: expect.stringContaining(`  ORDERS  ${count} messages`) })
  await member!.stop('SIGKILL')
  expect(await flotilla('journal', 'check', data)).toEqual({ code: 0, output: expect.stringContaining('Intact') })

  const segments = join(data, 'journal', readdirSync(join(data, 'journal'))[0]!)
  const [file = ''] = readdirSync(segments).filter((name) => name.endsWith('.segment'))
  const bytes = readFileSync(join(segments, file))
  const offset = bytes.indexOf('order number 7,')
  bytes[offset]! ^= 1
  writeFileSync(join(segments, file), bytes)

  const damaged = await flotilla('journal', 'check', data)
  expect(damaged.code).toBe(1)
  const [, from, to] = new RegExp(`Damage: ${file}, bytes (\\d+) to (\\d+): records`).exec(damaged.output)!
  expect(Number(from)).toBeLessThanOrEqual(offset)
  expect(Number(to)).toBeGreaterThan(offset)
  const dump = await flotilla('journal', 'dump', data, '--output', 'json')
  const [, ...messages] = dump.output.trim().split('\n')
  expect([dump.code, messages.length]).toEqual([1, count - 1])
  expect(JSON.parse(messages[0]!)).toMatchObject({ queue: 'ORDERS', destination: 'queue://ORDERS', sequence: 1 })
})

test.each([[['journal', 'check']], [['journal', 'look', '.']], [['journal', 'check', '.', '--output', 'xml']]])(
  '%j is refused with code 2',
  async (args) => {
    expect((await flotilla(...args)).code).toBe(2)
  },
)
