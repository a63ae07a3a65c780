// What every session does, whatever protocol it speaks. The region is one that only notes what it is asked; a protocol brings
// clients that speak it, each on a socket whose peer reads only if the test lets it.
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { RefusalError } from '../../broker/base/errors.ts'
import type { ConnectionPort, ConsumerOptions, Delivery } from '../../broker/region/region.ts'
import {
  maxOutboundBytes,
  minOutboundBytesPerSecond,
  outboundHighWaterBytes,
  outboundLowWaterBytes,
  outboundStallTimeoutMs,
} from '../../broker/session/limits.ts'
import type { SessionService } from '../../broker/session/session-service.ts'
import type { Session } from '../../broker/session/session.ts'
import { buildService, type FakeRegion, type ServiceParts } from '../support/fake-region.ts'
import type { FakeSocket } from '../support/fake-socket.ts'
import { testMessage } from '../support/test-message.ts'

/** The other side of a session that was started. Those of one test have connection ids of their own. */
export interface SessionClient {
  readonly socket: FakeSocket
  readonly session: Session
  /** Why the broker ended the connection. */
  readonly dropReasons: readonly string[]
  /** Makes itself known. */
  connect(clientId: string): void
  /** Asks for the messages of queue Q, a thousand at a time. */
  subscribe(): void
  /** Sends a command that the broker answers. */
  ask(): void
  receive(bytes: Buffer): void
  /** What it was told of that was refused, so far. */
  refusals(): readonly string[]
}

export interface SessionProtocol {
  client(service: SessionService): SessionClient
  /** What no client of the protocol sends. */
  readonly garbage: Buffer
  /** Something that a limit of the protocol's own forbids, by the name of the limit. */
  readonly excess: { readonly limit: string; send(client: SessionClient): void }
}

const deliveredBytes = 100_000

export function sessionContract(name: string, protocol: SessionProtocol): void {
  let service: SessionService
  let region: FakeRegion
  let clock: ServiceParts['clock']

  beforeEach(() => {
    ;({ service, region, clock } = buildService())
  })

  function connected(clientId = 'one'): SessionClient {
    const client = protocol.client(service)
    client.connect(clientId)
    return client
  }

  /** A subscriber, and the region's way to it. */
  function subscribed(): { client: SessionClient; port: ConnectionPort; deliver: (count?: number) => void } {
    const client = connected()
    client.subscribe()
    const port = [...region.ports.values()].at(-1)!
    const [{ consumerId }] = region.of('addConsumer').at(-1) as [ConsumerOptions]
    client.socket.written.length = 0
    let sequence = 0
    const deliver = (count = 1): void => {
      for (let index = 0; index < count; index++) port.deliver(deliveryTo(consumerId, ++sequence))
    }
    return { client, port, deliver }
  }

  const writtenBytes = ({ socket }: SessionClient): number =>
    socket.written.reduce((sum, { length }) => sum + length, 0)

  /** Whether its session still answers. */
  function isAnswered(client: SessionClient): boolean {
    client.socket.written.length = 0
    client.ask()
    return client.socket.written.length > 0
  }

  describe(`${name} as a session`, () => {
    test('answers a client that the region knows by its client id', () => {
      const client = connected()
      expect(region.of('connect')).toMatchObject([[{ clientId: 'one' }]])
      expect(service.registry.page(0, 10).items.map(({ clientId }) => clientId)).toEqual(['one'])
      expect(isAnswered(client)).toBe(true)
    })

    test("a stranger's bytes end its own connection and nothing else", () => {
      const honest = connected()
      for (const chunk of [protocol.garbage.length, 1]) {
        const stranger = protocol.client(service)
        for (let at = 0; at < protocol.garbage.length; at += chunk)
          stranger.receive(protocol.garbage.subarray(at, at + chunk))
        expect(stranger.socket.closed).toBe('destroyed')
        expect(stranger.dropReasons).toHaveLength(1)
      }
      expect(honest.socket.closed).toBeUndefined()
      expect(isAnswered(honest)).toBe(true)
      expect(region.of('close')).toEqual([])
    })

    test('garbage from a client takes its connection from the region', () => {
      const client = connected()
      client.receive(protocol.garbage)
      expect(client.socket.closed).toBe('destroyed')
      expect(region.of('close')).toHaveLength(1)
      expect(service.registry.size).toBe(0)
    })

    test('an error of the broker itself ends the connection that met it, and no other', () => {
      const other = connected()
      const client = connected('two')
      region.refusals.set('addConsumer', new Error('a bug') as unknown as RefusalError)
      client.subscribe()
      expect(client.socket.closed).toBe('destroyed')
      expect(isAnswered(other)).toBe(true)
    })

    test('close tells the region once', () => {
      const { client } = subscribed()
      client.session.close()
      client.session.close()
      expect(region.of('close')).toHaveLength(1)
      expect(service.registry.size).toBe(0)
    })

    test('abandon tells it nothing, and nothing is written any more', () => {
      const { client, port, deliver } = subscribed()
      client.session.abandon()
      deliver()
      port.pause()
      port.resume()
      client.ask()
      client.session.drained()
      client.session.close()
      expect(region.of('close')).toEqual([])
      expect(client.socket.written).toEqual([])
    })

    test('a closed session has no timer left and takes no bytes', () => {
      const timers = clock.pendingTimers
      const client = connected()
      client.session.close()
      expect(clock.pendingTimers).toBe(timers)
      const calls = region.calls.length
      client.ask()
      client.receive(protocol.garbage)
      client.session.drained()
      expect(region.calls).toHaveLength(calls)
      expect(client.dropReasons).toEqual([])
    })

    test('a client id that is in use is refused, to that client only, whose socket closes soon', () => {
      const holder = connected()
      const second = connected()
      expect(second.refusals()).toEqual([expect.stringContaining('one already connected from')])
      expect(region.of('connect')).toHaveLength(1)
      clock.advance(outboundStallTimeoutMs)
      expect(second.socket.closed).toBe('ended')
      expect(isAnswered(holder)).toBe(true)
    })

    test('a client id is free again when its connection has gone', () => {
      connected().session.close()
      const second = connected()
      expect(second.refusals()).toEqual([])
      expect(region.of('connect')).toHaveLength(2)
    })

    test('a limit that is reached is counted by its name', () => {
      const client = connected()
      protocol.excess.send(client)
      expect(service.limits.totals.get(protocol.excess.limit)).toBe(1)
    })
  })

  describe(`${name} under back pressure`, () => {
    test('is read only while nobody asks it to pause, and is told so once', () => {
      const { client, port, deliver } = subscribed()
      port.pause()
      client.socket.stuckBytes = outboundHighWaterBytes
      deliver()
      port.resume()
      expect(client.socket.flow).toEqual(['pause'])
      client.socket.stuckBytes = 0
      client.session.drained()
      expect(client.socket.flow).toEqual(['pause', 'resume'])
    })

    test('writes no more deliveries than the high water mark and the one that reached it', () => {
      const { client, port, deliver } = subscribed()
      client.socket.takesBytes = false
      deliver(50)
      expect(port.congested).toBe(true)
      expect(client.socket.reading).toBe(false)
      expect(writtenBytes(client)).toBeGreaterThanOrEqual(outboundHighWaterBytes)
      expect(writtenBytes(client)).toBeLessThan(outboundHighWaterBytes + 2 * deliveredBytes)
    })

    test('keeps what was under way, and gives it and more when the socket has taken enough', () => {
      const { client, deliver, port } = subscribed()
      client.socket.takesBytes = false
      deliver(20)
      client.socket.takesBytes = true
      client.socket.stuckBytes = outboundLowWaterBytes + 1
      client.session.drained()
      expect(port.congested).toBe(true)
      client.socket.stuckBytes = outboundLowWaterBytes
      client.session.drained()
      expect(port.congested).toBe(false)
      expect(writtenBytes(client)).toBeGreaterThan(20 * deliveredBytes)
      expect(client.socket.flow).toEqual(['pause', 'resume'])
      expect(region.of('dispatch')).toHaveLength(1)
    })

    test('answers what it has read all the same, up to a limit', () => {
      const { client, deliver } = subscribed()
      client.socket.stuckBytes = outboundHighWaterBytes
      deliver()
      expect(isAnswered(client)).toBe(true)
      client.socket.stuckBytes = maxOutboundBytes + 1
      client.ask()
      expect(client.socket.closed).toBe('destroyed')
      expect(service.limits.totals.get('maxOutboundBytes')).toBe(1)
    })

    test('a peer that takes no byte is ended after the stall time, and counted', () => {
      const { client, deliver } = subscribed()
      client.socket.takesBytes = false
      deliver(20)
      clock.advance(outboundStallTimeoutMs)
      expect(client.socket.closed).toBeUndefined()
      clock.advance((1000 * outboundHighWaterBytes * 2) / minOutboundBytesPerSecond)
      expect(client.socket.closed).toBe('destroyed')
      expect(client.dropReasons).toEqual([expect.stringMatching(/^too slow: /)])
      expect(service.limits.totals.get('outboundStallTimeoutMs')).toBe(1)
      expect(region.of('close')).toHaveLength(1)
    })

    test('a peer that takes its bytes slowly is not', () => {
      const { client, deliver } = subscribed()
      client.socket.takesBytes = false
      deliver(20)
      for (let minute = 0; minute < 10; minute++) {
        client.socket.stuckBytes -= 1000
        clock.advance(outboundStallTimeoutMs)
        client.ask()
      }
      expect(client.socket.closed).toBeUndefined()
    })
  })
}

function deliveryTo(consumerId: string, sequence: number): Delivery {
  const destination = { kind: 'queue', name: 'Q' } as const
  const message = testMessage({ destination, producerSequenceId: sequence, body: 'x'.repeat(deliveredBytes) })
  return { consumerId, destination, message, sequence, redeliveryCounter: 0 }
}
