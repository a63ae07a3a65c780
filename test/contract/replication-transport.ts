// What every ReplicationTransport does, whatever carries it. A setting is a group of members, each with a transport of its own that is open.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ReplicationMessage } from '../../broker/replication/message.ts'
import type { ReplicationTransport } from '../../broker/replication/transport.ts'

export interface TransportSetting {
  create(member: string): ReplicationTransport
  dispose(): Promise<void> | void
}

interface Received {
  readonly from: string
  readonly message: ReplicationMessage
}

/** One member: its transport, and what it was told. */
class Member {
  readonly transport: ReplicationTransport
  readonly received: Received[] = []
  readonly connected = new Set<string>()
  disconnections = 0
  address = ''
  /** Within a call of the transport: whoever is told something then is told too early. */
  #calls = 0
  #changed = Promise.withResolvers<void>()

  constructor(transport: ReplicationTransport) {
    this.transport = transport
  }

  async open(): Promise<void> {
    this.address = await this.transport.open({
      connected: (member) => this.#tell(() => this.connected.add(member)),
      disconnected: (member) => {
        this.disconnections++
        this.#tell(() => this.connected.delete(member))
      },
      received: (from, message) => this.#tell(() => this.received.push({ from, message })),
    })
  }

  call(use: (transport: ReplicationTransport) => void): void {
    this.#calls++
    use(this.transport)
    this.#calls--
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise
  }

  #tell(happen: () => void): void {
    expect(this.#calls).toBe(0)
    happen()
    const changed = this.#changed
    this.#changed = Promise.withResolvers()
    changed.resolve()
  }
}

const writeOf = (offset: number, length: number): ReplicationMessage => ({
  type: 'write',
  term: 1,
  segment: { number: 1, term: 1, salt: 7, length: offset + length },
  offset,
  bytes: Buffer.alloc(length, offset % 251),
  sync: true,
})

export function replicationTransportContract(name: string, createSetting: () => TransportSetting): void {
  let setting: TransportSetting
  let open: Member[]
  beforeEach(() => {
    setting = createSetting()
    open = []
  })
  afterEach(async () => {
    for (const { transport } of open) await transport.close()
    await setting.dispose()
  })

  const start = async (member: string): Promise<Member> => {
    const started = new Member(setting.create(member))
    open.push(started)
    await started.open()
    return started
  }

  const pair = async (): Promise<[Member, Member]> => {
    const [a, b] = [await start('a'), await start('b')]
    a.call((transport) => transport.peers([{ member: 'b', address: b.address }]))
    b.call((transport) => transport.peers([{ member: 'a', address: a.address }]))
    await a.until(() => a.connected.has('b'))
    await b.until(() => b.connected.has('a'))
    return [a, b]
  }

  describe(`${name} as a transport between members`, () => {
    test('brings what is sent in the order of sending, in both directions', async () => {
      const [a, b] = await pair()
      const writes = Array.from({ length: 50 }, (_, index) => writeOf(index * 3000, 3000))
      a.call((transport) => transport.send('b', { type: 'attach', term: 1 }))
      for (const write of writes) a.call((transport) => transport.send('b', write))
      await b.until(() => b.received.length === 51)
      expect(b.received.map(({ message }) => message)).toEqual([{ type: 'attach', term: 1 }, ...writes])
      for (let offset = 1; offset <= 5; offset++)
        b.call((transport) => transport.send('a', { type: 'acknowledged', term: 1, segment: 1, offset }))
      await a.until(() => a.received.length === 5)
      expect(a.received.map(({ message }) => (message.type === 'acknowledged' ? message.offset : -1))).toEqual([
        1, 2, 3, 4, 5,
      ])
    })

    test('says from whom it comes, and each member may ask the other', async () => {
      const [a, b] = await pair()
      a.call((transport) => transport.send('b', { type: 'query' }))
      b.call((transport) => transport.send('a', { type: 'query' }))
      await a.until(() => a.received.length === 1)
      await b.until(() => b.received.length === 1)
      expect([a.received[0]!.from, b.received[0]!.from]).toEqual(['b', 'a'])
    })

    test('leaves out what is for nobody', async () => {
      const a = await start('a')
      a.call((transport) => transport.send('z', { type: 'query' }))
      a.call((transport) => transport.disconnect('z', 'it never was there'))
      expect([a.received, a.disconnections]).toEqual([[], 0])
    })

    test('who is cut off is told of once, and connected to again', async () => {
      const [a, b] = await pair()
      a.call((transport) => transport.disconnect('b', 'a test wants it'))
      await a.until(() => a.disconnections === 1)
      await a.until(() => a.connected.has('b'))
      await b.until(() => b.connected.has('a'))
      a.call((transport) => transport.send('b', { type: 'query' }))
      await b.until(() => b.received.length === 1)
      expect(a.disconnections).toBe(1)
    })

    test('tells of a member that closes, and of one that comes', async () => {
      const [a, b] = await pair()
      await b.transport.close()
      await a.until(() => !a.connected.has('b'))
      const again = await start('b')
      a.call((transport) => transport.peers([{ member: 'b', address: again.address }]))
      await a.until(() => a.connected.has('b'))
      expect(a.disconnections).toBe(1)
    })

    test('tells of a peer that is none any more', async () => {
      const [a] = await pair()
      a.call((transport) => transport.peers([]))
      await a.until(() => !a.connected.has('b'))
      a.call((transport) => transport.send('b', { type: 'query' }))
      expect(a.disconnections).toBe(1)
    })

    test('says nothing after it is closed, and may be closed twice', async () => {
      const [a, b] = await pair()
      await a.transport.close()
      await a.transport.close()
      await b.until(() => !b.connected.has('a'))
      a.call((transport) => transport.send('b', { type: 'query' }))
      expect([a.received, a.disconnections]).toEqual([[], 0])
    })
  })
}
