// Three members of a store over real sockets: what is answered is on two of them, whichever goes.
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { TcpTransport } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { ReplicatedGroup } from '../../../support/replicated-group.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { contentOf, durable, message } from '../../../support/store-content.ts'

let group: ReplicatedGroup | undefined
afterEach(() => group?.close())

let nonces = 0

const transportOf = (member: string): TcpTransport =>
  new TcpTransport({
    member,
    brokerName: 'orders',
    replicas: 3,
    token: 'secret',
    host: '127.0.0.1',
    port: 0,
    hostName: '127.0.0.1',
    makeNonce: () => String(++nonces).padStart(32, '0'),
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  })

const isConnected = (members: ReplicatedGroup, from: string): boolean =>
  members.replicator(from).status.members.every(({ connected }) => connected)

test('a store over TCP goes on with another member that has everything that was answered', async () => {
  group = new ReplicatedGroup({
    disks: new Map(['a', 'b', 'c'].map((name) => [name, new SimulatedDisk()])),
    transportOf,
  })
  await group.start()
  const first = await group.serve('a')
  for (let sequence = 1; sequence <= 50; sequence++) first.store.add(message(`message ${sequence}`), sequence)
  await durable(first.store)
  await group.until(() => isConnected(group!, 'a'))
  const content = await contentOf(first.store)
  expect(content).toHaveLength(50)
  await first.store.close()
  await group.stop('a')
  const second = await group.serve()
  expect(second.member).not.toBe('a')
  expect(await contentOf(second.store)).toEqual(content)
  await group.start('a')
  second.store.add(message('one more'), 51)
  await durable(second.store)
  await second.store.close()
})
