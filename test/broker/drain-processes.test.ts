// A drain between processes that are killed in the middle of it.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember } from '../support/broker-process.ts'
import { drained, drainIs, put, sendTo, sizesOf, takeFrom, textsOf } from '../support/draining-broker.ts'
import { turns } from '../support/turns.ts'

jest.setTimeout(120_000)

const queues = ['A', 'B', 'C', 'D']
const perQueue = 600

let directory: string
let leaving: BrokerMember
let neighbour: BrokerMember

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'drain-'))
  const ports = await freePorts(4)
  const member = (name: string, at: number): BrokerMember =>
    new BrokerMember({
      member: name,
      directory: join(directory, name),
      dataDirectory: join(directory, name, 'data'),
      config: { brokerName: name },
      openwirePort: ports[at]!,
      adminPort: ports[at + 1]!,
      restart: true,
    }).start()
  leaving = member('leaving', 0)
  neighbour = member('neighbour', 2)
  await Promise.all([leaving.waitForRole('Active'), neighbour.waitForRole('Active')])
  for (const queue of queues) await sendTo(leaving.options.openwirePort, `queue://${queue}`, messagesOf(queue))
})

afterEach(async () => {
  await Promise.all([leaving.stop(), neighbour.stop()])
  rmSync(directory, { recursive: true, force: true })
})

const messagesOf = (queue: string): { body: string }[] =>
  Array.from({ length: perQueue }, (_, index) => ({ body: `${queue} ${index}` }))

const adminOf = ({ options }: BrokerMember): string => `http://127.0.0.1:${options.adminPort}`

const drainNow = async (): Promise<void> => {
  const uri = `static:(${neighbour.url})?initialReconnectDelay=100`
  expect(await put(adminOf(leaving), [uri])).toEqual({ status: 200, text: 'drains\n' })
}

const countAtNeighbour = async (): Promise<number> =>
  Object.values(await sizesOf(adminOf(neighbour))).reduce((sum, size) => sum + size, 0)

async function killedAndBack(member: BrokerMember): Promise<void> {
  const { restarts } = member
  member.kill('SIGKILL')
  while (member.restarts === restarts) await turns(20)
  await member.waitForRole('Active')
}

const takenFrom = async (queue: string, count: number): Promise<string[]> =>
  textsOf(await takeFrom(neighbour.options.openwirePort, queue, count))

test('the one that drains is killed: it does not drain when it is back, and in the end nothing is lost and nothing is there twice', async () => {
  for (const enough of [200, 1000]) {
    await drainNow()
    while ((await countAtNeighbour()) < enough) await turns(1)
    await killedAndBack(leaving)
    expect(await (await fetch(`${adminOf(leaving)}/snapshot`)).json()).not.toHaveProperty('drain')
    // Clients may come again.
    await sendTo(leaving.options.openwirePort, 'queue://ALSO', [{ body: `after ${enough}` }])
  }
  await drainNow()
  await drained(adminOf(leaving))
  expect(await sizesOf(adminOf(leaving))).toEqual({})
  for (const queue of queues)
    expect((await takenFrom(queue, perQueue)).toSorted(byText)).toEqual(
      messagesOf(queue)
        .map(({ body }) => body)
        .toSorted(byText),
    )
  expect(await takenFrom('ALSO', 2)).toEqual(['after 200', 'after 1000'])
})

test('the neighbour is killed: the drain says so, and goes on when it is back; nothing is lost', async () => {
  await drainNow()
  while ((await countAtNeighbour()) < 200) await turns(1)
  neighbour.kill('SIGKILL')
  const { reason } = await drainIs(adminOf(leaving), (drain) => drain.reason !== null || drain.messagesRemaining === 0)
  expect(reason).toMatch(/^No other broker is reached: /)
  await neighbour.waitForRole('Active')
  await drained(adminOf(leaving))
  for (const queue of queues) {
    const sizes = await sizesOf(adminOf(neighbour))
    expect(new Set(await takenFrom(queue, sizes[queue]!))).toEqual(new Set(messagesOf(queue).map(({ body }) => body)))
  }
})

const byText = (one: string, other: string): number => (one < other ? -1 : 1)
