// A store of three members, of which a quorum has everything: at each opening of the contract another member serves.
import { afterEach, describe, expect, test } from '@jest/globals'
import type { MessageStore } from '../../../broker/store/message-store.ts'
import { messageStoreContract, type MessageStoreFactory, type OpenedStore } from '../../contract/message-store.ts'
import { ReplicatedGroup, type ServingMember } from '../../support/replicated-group.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { contentOf, durable, message } from '../../support/store-content.ts'

const groups: ReplicatedGroup[] = []
afterEach(async () => {
  for (const group of groups.splice(0)) await group.close()
})

const names = ['a', 'b', 'c']

async function startGroup(options: { maxFileLength?: number; limitBytes?: number } = {}): Promise<ReplicatedGroup> {
  const disks = new Map(names.map((name) => [name, new SimulatedDisk()]))
  const group = new ReplicatedGroup({ disks, ...options })
  groups.push(group)
  await group.start()
  return group
}

/** Each member serves in its turn. */
function replicatedStores(maxFileLength: number): MessageStoreFactory {
  let group: ReplicatedGroup | undefined
  let serving: ServingMember | undefined
  const open = async (limitBytes?: number): Promise<OpenedStore> => {
    group = await startGroup({ maxFileLength, ...(limitBytes !== undefined && { limitBytes }) })
    serving = await group.serve()
    return serving
  }
  return {
    open: () => open(),
    ...(maxFileLength === 4096 && { openLimited: () => open(64 * 1024) }),
    async reopen(store: MessageStore): Promise<OpenedStore> {
      const before = serving!.member
      await store.close()
      await group!.stop(before)
      serving = await group!.serve()
      expect(serving.member).not.toBe(before)
      await group!.start(before)
      return serving
    },
  }
}

for (const maxFileLength of [4096, 32 * 2 ** 20])
  messageStoreContract(`A replicated JournalStore, segments of ${maxFileLength} bytes,`, async () =>
    replicatedStores(maxFileLength),
  )

const isInSync = (group: ReplicatedGroup, member: string): boolean => group.replicator(member).status.inSync

describe('a store of three members', () => {
  test('answers with one of them gone, and with two gone when one is back', async () => {
    const group = await startGroup()
    const { store, member } = await group.serve('a')
    expect(member).toBe('a')
    await group.stop('b')
    store.add(message('first'), 1)
    await durable(store)
    await group.stop('c')
    store.add(message('second'), 2)
    const answered = durable(store)
    await group.start('b')
    await answered
    expect(await contentOf(store)).toEqual(['1:first', '2:second'])
    await store.close()
  })

  test('goes on with a member that has everything, whoever that is', async () => {
    const group = await startGroup()
    const first = await group.serve('a')
    await group.stop('c')
    first.store.add(message('first'), 1)
    await durable(first.store)
    // a is killed: its store is not closed.
    await group.stop('a')
    await group.start('c')
    await group.until(() => group.replicator('c').status.active === null)
    await expect(group.serve('c')).rejects.toThrow('Was not elected to term 2: b has more than this member')
    const { store, recovered, member } = await group.serve()
    expect(member).toBe('b')
    expect(recovered.queues).toEqual([{ name: 'orders', messageCount: 1, messageBytes: 5 }])
    await store.close()
  })

  test('a member whose disk is lost gets everything anew', async () => {
    const disks = new Map(names.map((name) => [name, new SimulatedDisk()]))
    const group = new ReplicatedGroup({ disks })
    groups.push(group)
    await group.start()
    const { store } = await group.serve('a')
    for (let sequence = 1; sequence <= 50; sequence++) store.add(message('x'.repeat(1000)), sequence)
    await durable(store)
    await group.stop('b')
    disks.set('b', new SimulatedDisk())
    await group.start('b')
    expect(group.replicator('b').status.isVoter).toBe(false)
    await group.until(() => group.replicator('b').status.isVoter && isInSync(group, 'b'))
    expect(group.replicator('b').status.position).toEqual(group.replicator('a').status.position)
    await store.close()
  })

  test('an active that is cut off answers nobody, and what it had alone is gone when it comes back', async () => {
    const group = await startGroup()
    const old = await group.serve('a')
    old.store.add(message('kept'), 1)
    await durable(old.store)
    group.hub.cutOff('a')
    old.store.add(message('lost'), 2)
    let answered = false
    old.store.whenDurable(() => (answered = true))
    await group.until(
      () => group.replicator('b').status.active === null && group.replicator('c').status.active === null,
    )
    const { store } = await group.serve('b')
    store.add(message('new'), 2)
    await durable(store)
    expect((await old.store.failed).message).toContain('Lost the election to term 1')
    expect(answered).toBe(false)
    await group.stop('a')
    group.hub.heal()
    await group.start('a')
    await group.until(() => isInSync(group, 'a'))
    expect(await contentOf(store)).toEqual(['1:kept', '2:new'])
    await store.close()
  })
})
