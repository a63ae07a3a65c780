// A sync that fails is the end of the active, on the whole path: nobody is answered, nothing is tried again, and the member
// comes back as a standby, as a new life that reads what the disk really has.
import { afterEach, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type MessageProducer } from '../../../broker/client/index.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { activeAfter, BrokerMember, settled } from '../../support/broker-process.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { startBroker } from '../../support/started-broker.ts'
import { Traffic, nothingLost } from '../../support/traffic.ts'

// Processes start slowly on a busy machine.
jest.setTimeout(180_000)
const settleMs = 60_000
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function producerAt(url: string): Promise<MessageProducer> {
  const connection = await createConnectionFactory(url).createConnection()
  cleanups.push(() => connection.close().catch(() => {}))
  const session = await connection.createSession('auto')
  return session.createProducer('queue://Q')
}

test.each(['EIO', 'EROFS'])(
  '%s from a durable write: the client is cut without an answer, the broker steps down',
  async (code) => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    const { broker, port } = await startBroker({ store, config: { store: { type: 'Journal' } } })
    const producer = await producerAt(`tcp://127.0.0.1:${port}`)
    await producer.send('answered')
    let failedWrites = 0
    disk.fail = (operation) => (operation === 'writeDurably' && failedWrites++ === 0 ? code : undefined)
    const before = disk.operations
    await expect(producer.send('not answered')).rejects.toThrow()
    const end = await broker.ended
    expect(end).toMatchObject({ steppedDown: true, closed: true, reason: { code: 'JOURNAL_FAILED' } })
    // Nothing after it: neither this batch nor any other was tried again.
    expect([failedWrites, disk.operations - before]).toEqual([1, 0])
  },
)

test('in real processes: the standby takes over with all that was acknowledged, the failed one is standby behind it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-sync-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const preload = join(import.meta.dirname, '../../support/failing-sync.mjs')
  const ports = await freePorts(4)
  const members = [0, 1].map((index) =>
    new BrokerMember({
      member: `member-${index}`,
      directory,
      dataDirectory: join(directory, 'data'),
      openwirePort: ports[2 * index]!,
      adminPort: ports[2 * index + 1]!,
      restart: true,
      env: { NODE_OPTIONS: `--import ${preload}` },
    }).start(),
  )
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  const active = await settled(members, settleMs)
  const { term } = (await active.role())!
  const traffic = await Traffic.start(`failover:(${members.map(({ url }) => url).join(',')})`, 'SYNCED')
  cleanups.push(() => traffic.abandon())
  await traffic.flows(40)
  active.kill('SIGUSR2')
  const next = await activeAfter(members, term!, settleMs)
  await traffic.flows(40)
  await settled(members, settleMs)
  expect(active.log.join('')).toContain('EIO')
  expect(next).not.toBe(active)
  expect(await active.role()).toMatchObject({ role: 'Standby' })
  expect(await traffic.stop()).toMatchObject(nothingLost)
})
