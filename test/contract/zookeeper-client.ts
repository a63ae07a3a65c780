// What our client does with an ensemble, whatever it is made of: a small one in the test's process, or real servers.
import { afterEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../broker/base/clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { parseZooKeeperAddress } from '../../broker/lock/election/zookeeper/address.ts'
import type { SessionState } from '../../broker/lock/election/zookeeper/client.ts'
import { SocketZooKeeperClient } from '../../broker/lock/election/zookeeper/socket-zookeeper-client.ts'

export interface ZooKeeperEnsemble {
  readonly address: string
  /** Ends the server that this session is connected to, without a word, and starts it again when the returned function is called. */
  killServerOf(session: bigint): Promise<() => Promise<void>>
  /** No session that is there now is known any more; missing where that cannot be had. */
  expireAll?(): void
  /** All of its servers lose everything, and start anew. */
  wipe(): Promise<void> | void
}

let runs = 0

export function zooKeeperClientContract(name: string, ensemble: () => Promise<ZooKeeperEnsemble>): void {
  const clients: SocketZooKeeperClient[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
  })

  const connect = async (
    chroot: string,
    options: { password?: string; sessionTimeoutMs?: number } = {},
  ): Promise<SocketZooKeeperClient> => {
    const { address } = await ensemble()
    const client = new SocketZooKeeperClient({
      address: parseZooKeeperAddress(`${address}${chroot}`)!,
      sessionTimeoutMs: 4000,
      clock: systemClock,
      random: seededRandom(++runs),
      ...options,
    })
    clients.push(client)
    await reached(client, 'Connected')
    return client
  }

  /** A place of its own for each test. */
  const place = (): string => `/test-${process.pid}-${Date.now()}-${++runs}`

  describe(`our client of ${name}`, () => {
    test('makes, reads, changes, lists and removes nodes below its chroot', async () => {
      const root = place()
      const client = await connect(root)
      await client.ensure('/group/members')
      await client.ensure('/group/members')
      expect(await client.create('/group/a', Buffer.from('one'), 'persistent')).toBe('/group/a')
      const { data, stat } = await client.get('/group/a')
      expect([data.toString(), stat]).toEqual(['one', { version: 0, ephemeralOwner: 0n }])
      expect(await client.set('/group/a', Buffer.from('two'), 0)).toMatchObject({ version: 1 })
      expect((await client.children('/group')).toSorted()).toEqual(['a', 'members'])
      await client.delete('/group/a', 1)
      expect(await client.exists('/group/a')).toBeUndefined()
      const whole = await connect('')
      expect(await whole.children(root)).toEqual(['group'])
    })

    test('says what is wrong, by name and path', async () => {
      const client = await connect(place())
      await client.ensure('/a/b')
      const code = (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: Error) => error.message)
      expect(await code(client.get('/nobody'))).toBe('Cannot read /nobody in ZooKeeper: there is no such node')
      expect(await code(client.create('/a', Buffer.alloc(0), 'persistent'))).toBe(
        'Cannot make /a in ZooKeeper: the node is there already',
      )
      expect(await code(client.delete('/a', -1))).toBe('Cannot remove /a in ZooKeeper: the node has children')
      expect(await code(client.set('/a/b', Buffer.alloc(0), 7))).toBe(
        'Cannot change /a/b in ZooKeeper: the node was changed meanwhile',
      )
    })

    test('ephemeral nodes are numbered, and go with their session', async () => {
      const root = place()
      const [one, other] = [await connect(root), await connect(root)]
      await one.ensure('/group')
      const first = await other.create('/group/0', Buffer.from('b'), 'ephemeral_sequential')
      const second = await one.create('/group/0', Buffer.from('a'), 'ephemeral_sequential')
      expect(first).toMatch(/^\/group\/0\d{10}$/)
      expect(second > first).toBe(true)
      expect((await one.exists(first))!.ephemeralOwner).not.toBe(0n)
      const gone = new Promise<void>((resolve) => void one.exists(first, resolve))
      await one.exists(first)
      await other.close()
      await gone
      expect(await one.children('/group')).toEqual([second.slice('/group/'.length)])
    })

    test('a watch calls once: when data changes, when a node comes, and when children do', async () => {
      const root = place()
      const [client, other] = [await connect(root), await connect(root)]
      await client.ensure('/group')
      await client.create('/group/a', Buffer.from('1'), 'persistent')
      const calls: string[] = []
      const watched = (text: string): [() => void, Promise<void>] => {
        const { promise, resolve } = Promise.withResolvers<void>()
        return [() => (calls.push(text), resolve()), promise]
      }
      const [changed, whenChanged] = watched('changed')
      const [made, whenMade] = watched('made')
      const [listed, whenListed] = watched('listed')
      await client.get('/group/a', changed)
      await client.exists('/group/b', made)
      await client.children('/group', listed)
      await other.set('/group/a', Buffer.from('2'), -1)
      await whenChanged
      await other.set('/group/a', Buffer.from('3'), -1)
      await other.create('/group/b', Buffer.alloc(0), 'persistent')
      await Promise.all([whenMade, whenListed])
      expect(calls.toSorted()).toEqual(['changed', 'listed', 'made'])
    })

    test('what was made with a password is read and changed with it alone', async () => {
      const root = place()
      await (await connect('')).ensure(root)
      const owner = await connect(root, { password: 'secret' })
      await owner.create('/election', Buffer.from('a'), 'persistent')
      expect((await owner.get('/election')).data.toString()).toBe('a')
      for (const stranger of [await connect(root), await connect(root, { password: 'guessed' })])
        await expect(stranger.set('/election', Buffer.from('me'), -1)).rejects.toThrow(
          'Cannot change /election in ZooKeeper: the password is missing, or is not that of whoever made the node',
        )
    })

    test('groups with passwords of their own share what lies above them', async () => {
      const root = place()
      for (const name of ['one', 'other']) {
        const group = await connect(root, { password: name })
        await group.ensure(`/groups/${name}`)
        await group.ensure(`/groups/${name}/members`)
      }
      const stranger = await connect(root)
      expect((await stranger.children('/groups')).toSorted()).toEqual(['one', 'other'])
      for (const ask of [
        () => stranger.children('/groups/one'),
        () => stranger.create('/groups/one/0', Buffer.alloc(0), 'persistent'),
        () => stranger.delete('/groups/one/members', -1),
        () => stranger.delete('/groups/one', -1),
      ])
        await expect(ask()).rejects.toMatchObject({ zooKeeperCode: 'NO_AUTH' })
    })

    test('takes its session up again at another server, with its nodes and watches', async () => {
      const root = place()
      const client = await connect(root)
      await client.ensure('/group')
      const node = await client.create('/group/0', Buffer.from('a'), 'ephemeral_sequential')
      const { promise: changed, resolve } = Promise.withResolvers<void>()
      await client.get('/group', resolve)
      const states: SessionState[] = []
      client.onState((state) => states.push(state))
      const { ephemeralOwner } = (await client.exists(node))!
      const restart = await (await ensemble()).killServerOf(ephemeralOwner)
      try {
        await reached(client, 'Connected', 'Suspended')
        expect(await client.exists(node)).toBeDefined()
        const other = await connect(root)
        await other.set('/group', Buffer.from('news'), -1)
        await changed
      } finally {
        await restart()
      }
      expect(states.filter((state) => state === 'Expired')).toEqual([])
    }, 30_000)

    // Servers turn away whoever has seen more than they have: it may be that they are behind.
    test('begins another session where the servers have lost everything', async () => {
      const { wipe } = await ensemble()
      const client = await connect(place(), { sessionTimeoutMs: 1000 })
      await client.ensure('/group')
      for (let change = 0; change < 50; change++) await client.set('/group', Buffer.from(String(change)), -1)
      const states: SessionState[] = []
      client.onState((state) => states.push(state))
      const anew = reached(client, 'Connected', 'Expired')
      await wipe()
      await anew
      expect(states[0]).toBe('Suspended')
      await client.ensure('/group')
      expect((await client.get('/group')).data).toHaveLength(0)
    }, 60_000)

    test('is told that its session has expired, and begins another one', async () => {
      const { expireAll } = await ensemble()
      if (!expireAll) return
      const client = await connect(place())
      await client.ensure('/group')
      const node = await client.create('/group/0', Buffer.alloc(0), 'ephemeral_sequential')
      const states: SessionState[] = []
      client.onState((state) => states.push(state))
      expireAll()
      await reached(client, 'Connected', 'Expired')
      expect(states).toEqual(['Suspended', 'Expired', 'Connected'])
      expect(await client.exists(node)).toBeUndefined()
    })
  })
}

/** Resolves when the client is in that state, after another one if that is named. */
function reached(client: SocketZooKeeperClient, state: SessionState, after?: SessionState): Promise<void> {
  if (after === undefined && client.state === state) return Promise.resolve()
  return new Promise((resolve) => {
    let isArmed = after === undefined || client.state === after
    client.onState((now) => {
      isArmed ||= now === after
      if (isArmed && now === state) resolve()
    })
  })
}
