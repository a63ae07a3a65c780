import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import {
  maxServices,
  minAnnouncementGapMs,
  missedIntervals,
  rejoinDelayMs,
} from '../../../../broker/network/discovery/limits.ts'
import {
  MulticastAgent,
  type MulticastAgentParts,
  type MulticastListener,
  type MulticastUri,
} from '../../../../broker/network/discovery/multicast-agent.ts'
import { defaultDelays, LogLines } from '../supervision/scripted-bridges.ts'

const uri: MulticastUri = {
  kind: 'multicast',
  address: '239.255.2.3',
  port: 6155,
  group: 'default',
  keepAliveIntervalMs: 500,
  timeToLive: 1,
  loopBackMode: false,
  interface: null,
  reconnect: defaultDelays,
}
const own = 'tcp://me:61616'

function setUp(parts: Partial<MulticastAgentParts> = {}) {
  const clock = new ManualClock()
  const log = new LogLines()
  const sockets: { listener: MulticastListener; sent: string[]; closed: boolean }[] = []
  const events: string[] = []
  const agent = new MulticastAgent({
    uri,
    ownServices: () => [own],
    announces: false,
    openSocket: (_, listener) => {
      const socket = { listener, sent: [] as string[], closed: false }
      sockets.push(socket)
      return {
        send: (datagram) => void socket.sent.push(String(datagram)),
        close: () => void (socket.closed = true),
      }
    },
    clock,
    logger: log,
    ...parts,
  })
  const start = () => {
    agent.start({
      found: (target) => events.push(`+${target.uri}`),
      lost: (service) => events.push(`-${service}`),
    })
    sockets.at(-1)!.listener.opened()
  }
  const hear = (service: string, what = 'alive', group = 'default') =>
    sockets.at(-1)!.listener.received(Buffer.from(`${group}.ActiveMQ-4.${what}.%localhost%${service}`))
  const take = () => events.splice(0)
  const sent = () => sockets.at(-1)!.sent.splice(0)
  return { agent, clock, log, sockets, start, hear, take, sent }
}

const tell = (what: string) => `default.ActiveMQ-4.${what}.%localhost%${own}`

describe('others', () => {
  test('are found once, and lost when they say so', () => {
    const { start, hear, take } = setUp()
    start()
    for (let time = 0; time < 3; time++) hear('tcp://b:61616')
    hear('tcp://c:61616', 'alive', 'elsewhere')
    expect(take()).toEqual(['+tcp://b:61616'])
    hear('tcp://c:61616', 'dead')
    hear('tcp://b:61616', 'dead')
    hear('tcp://b:61616', 'dead')
    expect(take()).toEqual(['-tcp://b:61616'])
    hear('tcp://b:61616')
    expect(take()).toEqual(['+tcp://b:61616'])
  })

  test('are lost after ten intervals of silence', () => {
    const { clock, start, hear, take } = setUp()
    start()
    hear('tcp://b:61616')
    clock.advance(400)
    hear('tcp://c:61616')
    take()
    clock.advance(uri.keepAliveIntervalMs * missedIntervals - 400)
    hear('tcp://c:61616')
    expect(take()).toEqual([])
    clock.advance(uri.keepAliveIntervalMs)
    expect(take()).toEqual(['-tcp://b:61616'])
  })

  test('may be reached by TCP, with TLS or without, and do not say how', () => {
    const { start, hear, take } = setUp()
    start()
    for (const service of [
      'nio://a:1?connectionTimeout=0',
      'auto://b:2',
      'auto+nio://c:3',
      'tcp://d?wireFormat.maxFrameSize=1',
      'ssl://e:4?needClientAuth=true',
      'nio+ssl://i',
      'auto+nio+ssl://j:5',
      'vm://f',
      'tcp://g:99999',
      'tcp://',
      'failover:(tcp://h:1)',
    ])
      hear(service)
    expect(take()).toEqual([
      '+tcp://a:1',
      '+tcp://b:2',
      '+tcp://c:3',
      '+tcp://d:61616',
      '+ssl://e:4',
      '+ssl://i:61617',
      '+ssl://j:5',
    ])
  })

  test('are not this broker', () => {
    const { start, hear, take } = setUp()
    start()
    hear(own)
    hear('nio://me:61616?x=y')
    expect(take()).toEqual([])
  })

  test('are so many, and no more', () => {
    const { start, hear, take, log } = setUp()
    start()
    for (let index = 0; index < maxServices + 10; index++) hear(`tcp://h${index}:1`)
    expect(take()).toHaveLength(maxServices)
    expect(log.messages).toEqual(['Multicast discovery knows as many services as it may'])
    hear('tcp://h0:1', 'dead')
    hear('tcp://new:1')
    expect(take()).toEqual(['-tcp://h0:1', '+tcp://new:1'])
  })
})

describe('this broker', () => {
  test('is told of each interval, and at once when somebody new is heard, but not more often than is good', () => {
    const { clock, start, hear, sent } = setUp({ announces: true })
    start()
    expect(sent()).toEqual([tell('alive')])
    clock.advance(uri.keepAliveIntervalMs)
    expect(sent()).toEqual([tell('alive')])
    hear('tcp://a:1')
    expect(sent()).toEqual([])
    clock.advance(minAnnouncementGapMs)
    hear('tcp://b:1')
    hear('tcp://c:1')
    hear('tcp://b:1')
    expect(sent()).toEqual([tell('alive')])
  })

  test('says that it ends', () => {
    const { agent, clock, sockets, start, sent } = setUp({ announces: true })
    start()
    sent()
    agent.stop()
    expect([sent(), sockets[0]!.closed, clock.pendingTimers]).toEqual([[tell('dead')], true, 0])
  })

  test('is told of by those only that are to do so', () => {
    const { agent, clock, start, hear, sent } = setUp()
    start()
    clock.advance(5000)
    hear('tcp://b:61616')
    agent.stop()
    expect(sent()).toEqual([])
  })
})

describe('the group', () => {
  test('is joined again after a failure, of which the log tells once', () => {
    const { agent, clock, sockets, start, hear, take, log } = setUp({ announces: true })
    start()
    hear('tcp://b:61616')
    for (const reason of ['ENODEV', 'ENODEV', 'ENETUNREACH']) {
      sockets.at(-1)!.listener.failed(new Error(reason))
      clock.advance(rejoinDelayMs)
    }
    expect([sockets.length, log.lines.map(([, , fields]) => fields!['reason'])]).toEqual([4, ['ENODEV', 'ENETUNREACH']])
    sockets[0]!.listener.received(Buffer.from('default.ActiveMQ-4.alive.%localhost%tcp://late:1'))
    expect(take()).toEqual(['+tcp://b:61616'])
    sockets[3]!.listener.opened()
    expect(take()).toEqual(['-tcp://b:61616'])
    agent.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  test('is left and joined at any time, and everybody is found anew', () => {
    const { agent, clock, sockets, start, hear, take } = setUp()
    start()
    hear('tcp://b:61616')
    agent.stop()
    agent.stop()
    sockets[0]!.listener.opened()
    hear('tcp://c:61616')
    start()
    hear('tcp://b:61616')
    expect(take()).toEqual(['+tcp://b:61616', '+tcp://b:61616'])
    agent.stop()
    expect(clock.pendingTimers).toBe(0)
  })
})
