// One flood does not stop its neighbours (docs/reliability.md): real broker processes with little room, somebody who fills it,
// and neighbours who go on. Rates are in docs/benchmarks.md.
import { afterEach, describe, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorCode } from '../../../broker/base/errors.ts'
import {
  neighboursPass,
  roomFigures,
  Troublemaker,
  untilFigures,
  watchMemory,
  type RoomFigures,
  type TroubleOptions,
} from '../../reliability/neighbours.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { BrokerMember } from '../../support/broker-process.ts'
import { limitedConfig, mebibytes, type RoomLimits } from '../../support/room-limits.ts'

const mebibyte = 2 ** 20
const limits = mebibytes(4, 16, 16)
/** Pages that are read although memory is full, and one message of each who sends. */
const memoryRestBytes = mebibyte
/** Of what is empty again: the segment that is written to, the one before, and what is set aside for the next. */
const emptyStoreBytes = 8 * mebibyte
const emptyTempBytes = 4 * mebibyte
const messages = 200
const pollMs = 20

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface LimitedBroker {
  readonly member: BrokerMember
  readonly port: number
  readonly adminUrl: string
  readonly dataDirectory: string
}

async function startLimited(room: RoomLimits = limits): Promise<LimitedBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-neighbours-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const dataDirectory = join(directory, 'data')
  const member = new BrokerMember({
    member: 'member-0',
    directory,
    dataDirectory,
    config: limitedConfig(room),
    openwirePort,
    adminPort,
  }).start()
  cleanups.push(() => member.stop('SIGKILL'))
  await member.waitForRole('Active')
  return { member, port: openwirePort, adminUrl: `http://127.0.0.1:${adminPort}`, dataDirectory }
}

type Full = 'memory' | 'temp store' | 'store'

/** What the admin port shows when the trouble is complete. */
const isFull: Readonly<Record<Full, (figures: RoomFigures) => boolean>> = {
  memory: ({ blockedConnections, tempMessages }) => blockedConnections === 0 && tempMessages > 0,
  'temp store': ({ blockedConnections, tempUsed }) => blockedConnections > 0 && tempUsed > limits.tempBytes / 2,
  store: ({ blockedConnections, storeUsed }) => blockedConnections > 0 && storeUsed > limits.storeBytes / 2,
}

describe.each<readonly [TroubleOptions['kind'], TroubleOptions['deliveryMode'], Full]>([
  ['flood', 'non-persistent', 'memory'],
  ['flood', 'non-persistent', 'temp store'],
  ['flood', 'persistent', 'store'],
  ['stuck', 'non-persistent', 'memory'],
  ['stuck', 'non-persistent', 'temp store'],
  ['stuck', 'persistent', 'store'],
  ['deaf', 'non-persistent', 'memory'],
  ['deaf', 'non-persistent', 'temp store'],
  ['deaf', 'persistent', 'store'],
])('%s, %s to a queue, %s full', (kind, deliveryMode, full) => {
  test('neighbours go on; then everything comes, in order, and its room is given back', async () => {
    const { port, adminUrl, dataDirectory } = await startLimited()
    const mostMemory = watchMemory(adminUrl)
    const troublemaker = await Troublemaker.start({ kind, destination: 'queue', deliveryMode, port })
    if (full === 'memory') {
      troublemaker.restAfter(3 * limits.memoryBytes)
      await untilFigures(adminUrl, ({ blockedConnections }) => troublemaker.rests || blockedConnections > 0)
    }
    const figures = await untilFigures(adminUrl, isFull[full])
    if (kind !== 'flood') expect(figures.inFlight).toBeGreaterThan(0)

    await neighboursPass(port, messages)
    await untilFigures(adminUrl, isFull[full])

    await troublemaker.drainQueue()
    await untilFigures(adminUrl, (figures) => isEmpty(figures) && figures.storeUsed <= emptyStoreBytes)
    await untilOnDisk(dataDirectory, emptyStoreBytes + emptyTempBytes)
    expect(await mostMemory()).toBeLessThanOrEqual(limits.memoryBytes + memoryRestBytes)
  })
})

describe.each<readonly [TroubleOptions['kind'], TroubleOptions['deliveryMode']]>([
  ['stuck', 'non-persistent'],
  ['stuck', 'persistent'],
  ['deaf', 'non-persistent'],
  ['deaf', 'persistent'],
])('%s, %s to a topic', (kind, deliveryMode) => {
  test('neighbours go on; who is stuck makes its sender wait and gets everything, who is deaf loses the oldest', async () => {
    const { port, adminUrl } = await startLimited()
    const mostMemory = watchMemory(adminUrl)
    const troublemaker = await Troublemaker.start({ kind, destination: 'topic', deliveryMode, port })
    await untilFigures(adminUrl, ({ blockedConnections, givenWay }) =>
      kind === 'stuck' ? blockedConnections > 0 : givenWay > 0,
    )
    troublemaker.slowDown()
    await neighboursPass(port, messages)
    await troublemaker.drainTopic()
    await untilFigures(adminUrl, isEmpty)
    expect(await mostMemory()).toBeLessThanOrEqual(limits.memoryBytes + memoryRestBytes)
  })
})

// What a process has read is told there.
const onLinux = existsSync('/proc/self/io') ? test : test.skip

onLinux('a broker killed with a full temp store reads nothing of it when it starts, and has an empty one', async () => {
  const room = mebibytes(4, 64, 16)
  const { member, port, adminUrl, dataDirectory } = await startLimited(room)
  const readByFirst = bytesRead(member.pid)
  await Troublemaker.start({ kind: 'flood', destination: 'queue', deliveryMode: 'non-persistent', port })
  await untilFigures(
    adminUrl,
    ({ blockedConnections, tempUsed }) => blockedConnections > 0 && tempUsed > room.tempBytes / 2,
  )
  member.kill('SIGKILL')
  await member.exited
  member.start()
  await member.waitForRole('Active')
  expect(bytesRead(member.pid) - readByFirst).toBeLessThan(room.tempBytes / 4)
  expect(await roomFigures(adminUrl)).toMatchObject({ tempMessages: 0, blockedConnections: 0 })
  await neighboursPass(port, messages)
  // What was left goes in the background.
  await untilOnDisk(dataDirectory, room.tempBytes / 2)
})

const isEmpty = ({ blockedConnections, memoryUsed, tempMessages, tempUsed }: RoomFigures): boolean =>
  blockedConnections === 0 && memoryUsed === 0 && tempMessages === 0 && tempUsed <= emptyTempBytes

/** From files, sockets and pipes. */
const bytesRead = (pid: number): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])

async function untilOnDisk(directory: string, mostBytes: number): Promise<void> {
  while (bytesOnDisk(directory) > mostBytes) await new Promise((resolve) => setTimeout(resolve, pollMs))
}

/** Infinity while folders go under its feet. */
function bytesOnDisk(directory: string): number {
  try {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY
    throw error
  }
}
