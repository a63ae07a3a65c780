// Three members of a store over real sockets: what is answered is on two of them, whichever goes.
import { afterEach, expect, test } from '@jest/globals'
import { ReplicatedGroup } from '../../../support/replicated-group.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { contentOf, durable, message } from '../../../support/store-content.ts'
import { createTcpTransport } from '../../../support/tcp-transport.ts'

let group: ReplicatedGroup | undefined
afterEach(() => group?.close())

const isConnected = (members: ReplicatedGroup, from: string): boolean =>
  members.replicator(from).status.members.every(({ connected }) => connected)

test('a store over TCP goes on with another member that has everything that was answered', async () => {
  group = new ReplicatedGroup({
    disks: new Map(['a', 'b', 'c'].map((name) => [name, new SimulatedDisk()])),
    transportOf: (member) => createTcpTransport(member),
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
