// A full disk from a client's point of view: on the simulated disk always, on a small real one where it can be mounted.
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory } from '../../../broker/client/index.ts'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { runFullDisk } from '../../reliability/full-disk.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { BrokerMember } from '../../support/broker-process.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SmallVolume, whyNoVolume } from '../../support/loop-volume.ts'
import { startBroker, type StartedBroker } from '../../support/started-broker.ts'

jest.setTimeout(120_000)
const pollMs = 20
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function brokerOnSmallDisk(config: BrokerConfigInput = {}): Promise<StartedBroker> {
  const disk = new SimulatedDisk()
  disk.capacity = 1_000_000
  const store = createJournalStore({ disk, maxFileLength: 32 * 1024 })
  const started = await startBroker({ store, config: { store: { type: 'Journal' }, ...config } })
  cleanups.push(() => started.broker.stop())
  return started
}

const urlOf = ({ port }: StartedBroker): string => `tcp://127.0.0.1:${port}`

describe('on the simulated disk', () => {
  test('a producer is held back and goes on when a consumer has made room', async () => {
    const started = await brokerOnSmallDisk()
    const options = { url: urlOf(started), adminUrl: started.adminUrl, contentBytes: 8000, rounds: 3 }
    const figures = await runFullDisk(options)
    expect(figures).toMatchObject({ rounds: 3, lost: 0, doubledOrOutOfOrder: 0 })
    expect(figures.acknowledged).toBeGreaterThan(200)
    expect(started.broker.role().role).toBe('Active')
  })

  test('with sendFailIfNoSpace it gets ResourceAllocationException, until a consumer has made room', async () => {
    const started = await brokerOnSmallDisk({ sendFailIfNoSpace: true })
    const connection = await createConnectionFactory(urlOf(started)).createConnection()
    cleanups.push(() => connection.close())
    const session = await connection.createSession('auto')
    const producer = await session.createProducer('queue://FULL')
    const body = Buffer.alloc(4000, 'x')
    const send = (): Promise<unknown> => producer.send(body).catch((error: unknown) => error)
    let sent = 0
    let answer = await send()
    for (; typeof answer === 'string'; answer = await send()) sent++
    expect(answer).toMatchObject({ className: 'javax.jms.ResourceAllocationException' })
    connection.start()
    const consumer = await session.createConsumer('queue://FULL')
    for (let n = 0; n < sent; n++) expect(await consumer.receive(10_000)).toBeTruthy()
    while (typeof (await send()) !== 'string');
    expect(await consumer.receive(10_000)).toBeTruthy()
  })
})

const volumeMiB = 16
const whyNot = whyNoVolume(() => new SmallVolume(volumeMiB))
const onVolume = whyNot === undefined ? test : test.skip
if (whyNot !== undefined) process.stderr.write(`The test on a small real volume is skipped: ${whyNot}\n`)

onVolume(
  'a real process on a small real volume, which others fill to the last byte, neither loses nor restarts',
  async () => {
    const volume = new SmallVolume(volumeMiB)
    cleanups.push(() => volume.remove())
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-full-'))
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
    const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
    const member = new BrokerMember({
      member: 'member-0',
      directory,
      dataDirectory: join(volume.directory, 'data'),
      openwirePort,
      adminPort,
      config: { store: { type: 'Journal', maxFileLength: '1Mi' } },
    }).start()
    cleanups.push(() => member.stop('SIGKILL'))
    const { term } = await member.waitForRole('Active')
    const { pid } = member
    let drained = false
    let waiting = Promise.resolve()
    const figures = await runFullDisk({
      url: member.url,
      adminUrl: `http://127.0.0.1:${adminPort}`,
      contentBytes: 64 * 1024,
      rounds: 1,
      async whenFull() {
        // The reserve goes, too: even acknowledgements may have to wait, until there is space again.
        volume.fill()
        waiting = logged(member, 'the journal waits for space', () => drained).then(() => volume.free())
      },
      whenDrained: () => (drained = true),
    })
    expect(figures).toMatchObject({ rounds: 1, lost: 0, doubledOrOutOfOrder: 0 })
    expect(figures.acknowledged).toBeGreaterThan(100)
    await waiting
    expect([member.pid, await member.role()]).toEqual([pid, expect.objectContaining({ role: 'Active', term })])
    expect(member.log.join('')).toContain('The store is full')
  },
)

async function logged({ log }: BrokerMember, text: string, isOver: () => boolean): Promise<void> {
  while (!isOver() && !log.some((line) => line.includes(text)))
    await new Promise((resolve) => setTimeout(resolve, pollMs))
}
