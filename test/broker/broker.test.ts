// The composition root in one process: order of start and end, roles, admin port.
import { afterEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Broker } from '../../broker/broker.ts'
import type { Lock, LockHandle } from '../../broker/lock/lock.ts'
import { StorageRefusedError } from '../../broker/lock/storage-refused-error.ts'
import type { BrokerSnapshot, DestinationRow, InventoryAnswer } from '../../broker/management/contract.ts'
import { MemoryStore } from '../../broker/store/memory/memory-store.ts'
import { defaultWireFormatOptions } from '../../broker/wire/openwire/wire-format.ts'
import type { FoundMessage, StoreLag } from '../../broker/store/message-store.ts'
import type { TempStore, TempStoreStatistics } from '../../broker/store/temp-store.ts'
import { OpenWirePeer } from '../support/openwire-peer.ts'
import { buildTestBroker, startBroker, type StartedBroker, type StartOptions } from '../support/started-broker.ts'
import { bridgeInfo } from './session/openwire/network-commands.ts'
import { connectionInfo } from './session/openwire/session-harness.ts'
import {
  consumerInfo,
  destinationInfo,
  producerInfo,
  sessionInfo,
  textMessage,
} from './session/openwire/test-commands.ts'

const brokers: Broker[] = []
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())))

async function started(options?: StartOptions): Promise<StartedBroker> {
  const result = await startBroker(options)
  brokers.push(result.broker)
  return result
}

/** A lock that is granted and lost when the test says so. */
class TestLock implements Lock {
  readonly kind = 'File'
  readonly obstacle = { kind: 'Held' } as const
  readonly granted = Promise.withResolvers<void>()
  readonly lost = Promise.withResolvers<Error>()
  released = false
  refused: StorageRefusedError | undefined

  async refusal(): Promise<StorageRefusedError | undefined> {
    return this.refused
  }

  async acquire(signal: AbortSignal): Promise<LockHandle> {
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(signal.reason as Error))
    await Promise.race([this.granted.promise, aborted.promise])
    return {
      term: 4,
      verify() {},
      lost: this.lost.promise,
      release: async () => {
        this.released = true
      },
    }
  }

  async holder(): Promise<{ member: string; term: number }> {
    return { member: 'member-1', term: 3 }
  }
}

const get = async (url: string, method = 'GET'): Promise<{ status: number; text: string }> => {
  const answer = await fetch(url, { method })
  return { status: answer.status, text: await answer.text() }
}

const queueNamed = (physicalName: string) => ({ kind: 'ActiveMQQueue', physicalName }) as const

/** The first page of an inventory. */
const rows = async (url: string): Promise<readonly unknown[]> =>
  (JSON.parse((await get(url)).text) as InventoryAnswer<unknown>).items

async function client(port: number): Promise<OpenWirePeer> {
  const peer = await OpenWirePeer.connect(port)
  await peer.negotiate(defaultWireFormatOptions)
  peer.send(connectionInfo(), sessionInfo())
  await peer.next('Response')
  return peer
}

describe('the broker id', () => {
  const brokerId = async (config?: StartOptions['config']): Promise<string> => {
    const { adminUrl } = await started(config && { config })
    return (JSON.parse((await get(`${adminUrl}/snapshot`)).text) as BrokerSnapshot).brokerId
  }

  test('is another one at each start', async () => {
    expect(await brokerId()).toMatch(/^ID:.+-0:1$/)
  })

  test('is the configured one', async () => {
    expect(await brokerId({ brokerId: 'ID:orders' })).toBe('ID:orders')
  })
})

describe('roles', () => {
  test('a member without the lock is a ready standby with closed connectors', async () => {
    const lock = new TestLock()
    const broker = buildTestBroker({ lock })
    const start = broker.start().catch((error: unknown) => error)
    while (broker.adminPort === 0) await new Promise(setImmediate)
    const url = `http://127.0.0.1:${broker.adminPort}`
    expect(JSON.parse((await get(`${url}/role`)).text)).toEqual({
      role: 'Standby',
      term: null,
      brokerName: 'localhost',
      member: 'member-0',
    })
    expect(await get(`${url}/readyz`)).toEqual({ status: 200, text: 'ready\n' })
    expect(broker.ports.size).toBe(0)
    expect(JSON.parse((await get(`${url}/snapshot`)).text)).toMatchObject({
      lock: { type: 'File', holder: 'member-1', term: 3 },
    })
    expect(JSON.parse((await get(`${url}/connections`)).text)).toEqual({ items: [], next: null })
    expect(JSON.parse((await get(`${url}/destinations`)).text)).toEqual({ items: [], next: null })
    expect(JSON.parse((await get(`${url}/snapshot`)).text)).not.toHaveProperty('networkBridges')
    expect(JSON.parse((await get(`${url}/network-connectors`)).text)).toEqual({ connectors: [], bridges: [] })
    expect(await get(`${url}/network-connectors/nc/stop`, 'POST')).toEqual({
      status: 409,
      text: 'only an active member has network connectors\n',
    })
    await broker.stop()
    expect(await start).toMatchObject({ message: 'The broker is being stopped' })
    expect(await broker.ended).toEqual({ steppedDown: false, closed: true })
  })

  test('with the lock it is active in the term of the lock, and shows what it has', async () => {
    const lock = new TestLock()
    lock.granted.resolve()
    const { adminUrl, port } = await started({ lock })
    const peer = await client(port)
    peer.send(producerInfo(), textMessage())
    await peer.until(() => peer.received.filter(({ kind }) => kind === 'Response').length === 2)
    const snapshot = JSON.parse((await get(`${adminUrl}/snapshot`)).text) as BrokerSnapshot
    expect(snapshot).toMatchObject({
      role: 'Active',
      term: 4,
      store: { type: 'Memory', messages: 1 },
      transportConnectors: [{ name: 'openwire', port, open: true, connections: 1 }],
    })
    expect(await get(`${adminUrl}/network-connectors/nc/stop`, 'POST')).toEqual({
      status: 404,
      text: 'no network connector has this name; there are none\n',
    })
    expect(snapshot).not.toHaveProperty('connections')
    expect(snapshot).not.toHaveProperty('destinations')
    expect(await rows(`${adminUrl}/connections`)).toMatchObject([
      { clientId: 'client-1', connector: 'openwire', consumers: 0, producers: 1 },
    ])
    expect(await rows(`${adminUrl}/destinations`)).toMatchObject([
      { name: 'Q', kind: 'queue', size: 1, enqueued: 1, producers: 1 },
    ])
    const { text } = await get(`${adminUrl}/metrics`)
    expect(text).toContain('flotilla_role{role="Active"} 1')
    expect(text).toContain('flotilla_term 4')
    expect(snapshot.networkBridges).toEqual([])
    expect(text).toContain('flotilla_destination_messages{kind="queue",destination="Q"} 1')
    peer.destroy()
  })
})

test("another broker's bridge is shown as one, a client is not", async () => {
  const { adminUrl, port } = await started()
  const bridge = await OpenWirePeer.connect(port)
  await bridge.negotiate(defaultWireFormatOptions)
  const connectionId = { kind: 'ConnectionId', value: 'ID:bridge' } as const
  bridge.send(bridgeInfo(), connectionInfo({ connectionId, clientId: 'NC_other_outbound' }))
  await bridge.next('Response')
  const peer = await client(port)
  const shown = await rows(`${adminUrl}/connections`)
  expect(shown).toMatchObject([{ clientId: 'NC_other_outbound', networkConnection: true }, { clientId: 'client-1' }])
  expect(shown[1]).not.toHaveProperty('networkConnection')
  bridge.destroy()
  peer.destroy()
})

/** A temp store of which only its life is of interest. */
class TestTemp implements TempStore {
  readonly events: string[] = []
  readonly failure = Promise.withResolvers<Error>()
  readonly failed = this.failure.promise
  cannotOpen: Error | undefined

  async open(): Promise<void> {
    this.events.push('open')
    if (this.cannotOpen) throw this.cannotOpen
  }

  async close(): Promise<void> {
    this.events.push('close')
  }

  statistics(): TempStoreStatistics {
    return { messages: 3, bytesUsed: 4000, limitBytes: 9000, roomBytes: 5000 }
  }

  hasRoom(): boolean {
    return false
  }

  async read(): Promise<readonly FoundMessage[]> {
    return []
  }

  add(): void {}
  remove(): void {}
  removeHolder(): void {}
  whenRoom(): void {}
  whenWritten(): void {}
}

describe('the temp store', () => {
  test('is opened by the active, shown, and closed', async () => {
    const lock = new TestLock()
    const temp = new TestTemp()
    const broker = buildTestBroker({ lock, temp })
    const start = broker.start()
    while (broker.adminPort === 0) await new Promise(setImmediate)
    expect(temp.events).toEqual([])
    lock.granted.resolve()
    await start
    expect(temp.events).toEqual(['open'])
    const url = `http://127.0.0.1:${broker.adminPort}`
    expect(JSON.parse((await get(`${url}/snapshot`)).text)).toMatchObject({
      temp: { messages: 3, used: 4000, limit: 9000 },
    })
    await broker.stop()
    expect(temp.events).toEqual(['open', 'close'])
  })

  test('that fails ends its member', async () => {
    const temp = new TestTemp()
    const { broker } = await started({ temp })
    const reason = new Error('EIO')
    temp.failure.resolve(reason)
    expect(await broker.ended).toMatchObject({ steppedDown: true, reason, cannotStart: false, closed: true })
    expect(temp.events).toEqual(['open', 'close'])
  })

  test('that cannot be opened keeps it from starting', async () => {
    const temp = new TestTemp()
    temp.cannotOpen = new Error('no such directory')
    const broker = buildTestBroker({ temp })
    await expect(broker.start()).rejects.toThrow('no such directory')
    expect(await broker.ended).toMatchObject({ steppedDown: true, cannotStart: true })
    expect(temp.events).toEqual(['open', 'close'])
  })

  test('that is not there is shown with a limit of 0', async () => {
    const { adminUrl } = await started()
    expect(JSON.parse((await get(`${adminUrl}/snapshot`)).text)).toMatchObject({
      temp: { messages: 0, used: 0, limit: 0 },
    })
    expect((await get(`${adminUrl}/metrics`)).text).toContain('flotilla_temp_limit_bytes 0')
  })
})

test('destinations are read page by page, each once, while others come and go', async () => {
  const { adminUrl, port } = await started()
  const peer = await client(port)
  const names = Array.from({ length: 10 }, (_, index) => `Q${index}`)
  for (const name of names) {
    peer.send(destinationInfo(0, { destination: queueNamed(name) }))
    await peer.next('Response')
  }
  const seen: string[] = []
  for (let after: string | null = '0'; after !== null;) {
    const { text } = await get(`${adminUrl}/destinations?limit=3&after=${after}`)
    const page = JSON.parse(text) as InventoryAnswer<DestinationRow>
    expect(page.items.length).toBeLessThanOrEqual(3)
    seen.push(...page.items.map(({ name }) => name))
    after = page.next
    if (seen.length > 3) continue
    peer.send(destinationInfo(1, { destination: queueNamed('Q0') }))
    peer.send(destinationInfo(0, { destination: queueNamed('Q10') }))
    await peer.next('Response')
    await peer.next('Response')
  }
  expect(seen).toEqual([...names, 'Q10'])
  peer.destroy()
})

test('a standby tells how far it is behind, once it knows; an active is behind nobody', async () => {
  const lock = new TestLock()
  const store = new FollowedStore()
  const broker = buildTestBroker({ lock, store })
  brokers.push(broker)
  const start = broker.start()
  while (!store.isFollowed) await new Promise(setImmediate)
  const lagBytes = async (): Promise<number | null> => {
    const { text } = await get(`http://127.0.0.1:${broker.adminPort}/snapshot`)
    return (JSON.parse(text) as BrokerSnapshot).store.lagBytes
  }
  expect(await lagBytes()).toBeNull()
  store.behind = { bytes: 4711 }
  expect(await lagBytes()).toBe(4711)
  lock.granted.resolve()
  await start
  expect(await lagBytes()).toBeNull()
})

describe('storage of another broker', () => {
  test('is a failure to start, before it is looked into', async () => {
    const lock = new TestLock()
    lock.refused = new StorageRefusedError("Cannot use it: it is somebody else's")
    const store = new FollowedStore()
    const broker = buildTestBroker({ lock, store })
    await expect(broker.start()).rejects.toBe(lock.refused)
    expect(await broker.ended).toMatchObject({ cannotStart: true, closed: true, reason: lock.refused })
    expect(store.isFollowed).toBe(false)
  })

  test('is waited for where a supervisor would start the member again: not ready, and the reason is told', async () => {
    const sentence = "Cannot use it: it is somebody else's"
    const lock = Object.assign(new TestLock(), { refused: new StorageRefusedError(sentence) })
    const store = new FollowedStore()
    const broker = buildTestBroker({ lock, store, waitsWhenRefused: true })
    const start = broker.start().catch((error: unknown) => error)
    while (broker.adminPort === 0) await new Promise(setImmediate)
    const url = `http://127.0.0.1:${broker.adminPort}`
    while ((await get(`${url}/readyz`)).text === 'starting\n') await new Promise(setImmediate)
    expect(await get(`${url}/readyz`)).toEqual({ status: 503, text: `${sentence}\n` })
    const snapshot = JSON.parse((await get(`${url}/snapshot`)).text) as BrokerSnapshot
    expect(snapshot).toMatchObject({ role: 'Starting', term: null, store: { refusal: sentence } })
    expect(store.isFollowed).toBe(false)
    await broker.stop()
    expect(await start).toMatchObject({ message: 'The broker is being stopped' })
    expect(await broker.ended).toEqual({ steppedDown: false, closed: true })
  })
})

class FollowedStore extends MemoryStore {
  isFollowed = false
  behind: StoreLag | undefined
  override lag(): StoreLag {
    return this.behind!
  }
  override follow(): void {
    this.isFollowed = true
  }
}

describe('the end', () => {
  test('a lost lock cuts the clients, then closes store, lock and admin port, and says why', async () => {
    const lock = new TestLock()
    lock.granted.resolve()
    const order: string[] = []
    const store = new (class extends MemoryStore {
      override close(): Promise<void> {
        order.push('store closed')
        return super.close()
      }
    })()
    const { broker, port, adminUrl } = await started({ lock, store })
    const peer = await client(port)
    void peer.closed.then(() => order.push('client cut'))
    lock.lost.resolve(new Error('somebody took it'))
    expect(await broker.ended).toMatchObject({
      steppedDown: true,
      closed: true,
      reason: { message: 'somebody took it' },
    })
    await peer.closed
    expect(order).toContain('store closed')
    expect(lock.released).toBe(true)
    await expect(get(`${adminUrl}/livez`)).rejects.toThrow()
  })

  test('nobody gets an answer after the lock was lost', async () => {
    const lock = new TestLock()
    lock.granted.resolve()
    const { port } = await started({ lock })
    const peer = await client(port)
    peer.send(producerInfo())
    await peer.next('Response')
    lock.lost.resolve(new Error('gone'))
    peer.send(textMessage())
    await peer.closed
    expect(peer.received.filter(({ kind }) => kind === 'Response')).toEqual([])
  })

  test('a stop does not wait for a lock that hangs on its volume, and says that it still has it', async () => {
    const lock = new TestLock()
    lock.acquire = () => new Promise(() => {})
    const broker = buildTestBroker({ lock })
    const start = broker.start().catch((error: unknown) => error)
    while (broker.adminPort === 0) await new Promise(setImmediate)
    await broker.stop()
    expect(await start).toMatchObject({ message: 'The broker is being stopped' })
    expect(await broker.ended).toEqual({ steppedDown: false, closed: false })
  })

  test('a stop sends what is queued and closes the connections', async () => {
    const { broker, port } = await started()
    const peer = await client(port)
    peer.send(consumerInfo())
    await peer.next('Response')
    await broker.stop()
    await peer.closed
    expect(await broker.ended).toEqual({ steppedDown: false, closed: true })
  })

  test('a port that is taken is a failure to start, with everything closed again', async () => {
    const { port } = await started()
    const broker = buildTestBroker({ connector: { port } })
    await expect(broker.start()).rejects.toMatchObject({
      code: 'CANNOT_LISTEN',
      message: `Cannot open transport connector openwire on 127.0.0.1, port ${port}: the port is in use`,
    })
    expect(await broker.ended).toMatchObject({ steppedDown: true, closed: true })
  })
})

describe('connectors', () => {
  test('refuse connections beyond maximumConnections and take new ones when others have gone', async () => {
    const { port } = await started({ connector: { maximumConnections: 1 } })
    const first = await client(port)
    const second = connect({ host: '127.0.0.1', port })
    second.on('error', () => {})
    await once(second, 'close')
    first.destroy()
    await first.closed
    for (;;) {
      const third = await OpenWirePeer.connect(port)
      const accepted = await Promise.race([
        third.closed.then(() => false),
        third.negotiate(defaultWireFormatOptions).then(
          () => true,
          () => false,
        ),
      ])
      third.destroy()
      if (accepted) break
    }
  })

  test('survive strangers: garbage, half frames, sudden ends', async () => {
    const { port } = await started()
    for (const bytes of [
      'ff'.repeat(64),
      '00000010',
      '00000000',
      '7fffffff1c',
      '474554202f20485454502f312e310d0a0d0a',
    ]) {
      const stranger = await OpenWirePeer.connect(port)
      stranger.sendBytes(Buffer.from(bytes, 'hex'))
      stranger.destroy()
    }
    const peer = await client(port)
    peer.send(consumerInfo())
    await peer.next('Response')
    peer.destroy()
  })

  test('carry a message that is larger than any buffer', async () => {
    const { port } = await started()
    const peer = await client(port)
    const content = Buffer.alloc(5_000_000, 7)
    peer.send(consumerInfo(), producerInfo(), textMessage({ content }))
    const { message } = await peer.next('MessageDispatch')
    expect(message?.content?.equals(content)).toBe(true)
    peer.destroy()
  })

  test('do not grow for a client that does not read, and deliver everything when it does', async () => {
    const { port, adminUrl } = await started()
    const slow = await client(port)
    slow.send(consumerInfo({ prefetchSize: 100 }))
    await slow.next('Response')
    slow.pauseReading()
    const fast = await OpenWirePeer.connect(port)
    await fast.negotiate(defaultWireFormatOptions)
    const other = { kind: 'ConnectionId', value: 'ID:fast' } as const
    const producerId = { kind: 'ProducerId', connectionId: 'ID:fast', value: 1, sessionId: -1 } as const
    fast.send(connectionInfo({ connectionId: other, clientId: 'fast' }), producerInfo({ producerId }))
    const content = Buffer.alloc(500_000, 7)
    const count = 40
    for (let sequence = 1; sequence <= count; sequence++) {
      const messageId = {
        kind: 'MessageId',
        textView: null,
        producerId,
        producerSequenceId: sequence,
        brokerSequenceId: 0,
      } as const
      fast.send(textMessage({ producerId, messageId, content }))
    }
    await fast.until(() => fast.received.filter(({ kind }) => kind === 'Response').length === count + 2)
    expect(await rows(`${adminUrl}/connections`)).toHaveLength(2)
    slow.resumeReading()
    await slow.until(() => slow.received.filter(({ kind }) => kind === 'MessageDispatch').length === count)
    slow.destroy()
    fast.destroy()
  })
})
