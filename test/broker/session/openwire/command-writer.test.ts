import { describe, expect, test } from '@jest/globals'
import type { Message } from '../../../../broker/message/message.ts'
import type { Delivery } from '../../../../broker/region/region.ts'
import { outboundHighWaterBytes, outboundStallTimeoutMs } from '../../../../broker/session/limits.ts'
import { buildService } from '../../../support/fake-region.ts'
import { client, delivery, kinds } from './connected-client.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { consumerId, consumerInfo, removeInfo, sessionInfo } from './test-commands.ts'

describe('clients that do not read', () => {
  test('are not read either, and get their deliveries when they read again', () => {
    const { peer, region } = client(consumerInfo())
    peer.stuckBytes = outboundHighWaterBytes
    const port = region.ports.get(connectionId)!
    for (const sequence of [1, 2, 3]) port.deliver(delivery(sequence))
    expect(peer.reading).toBe(false)
    expect(peer.takeSent()).toHaveLength(1)
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.takeSent()).toMatchObject([
      { message: { messageId: { brokerSequenceId: 2 } } },
      { message: { messageId: { brokerSequenceId: 3 } } },
    ])
    expect(peer.reading).toBe(true)
  })

  test('do not get what waited for a consumer that they have closed meanwhile', () => {
    const { peer, region } = client(consumerInfo())
    peer.stuckBytes = outboundHighWaterBytes
    const port = region.ports.get(connectionId)!
    for (const sequence of [1, 2]) port.deliver(delivery(sequence))
    peer.takeSent()
    peer.receive(removeInfo(consumerId, { responseRequired: false }))
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.takeSent()).toEqual([])
  })

  test('are dropped when they take nothing for too long', () => {
    const { peer, region, clock } = client(consumerInfo())
    peer.takesBytes = false
    peer.stuckBytes = outboundHighWaterBytes
    region.ports.get(connectionId)!.deliver(delivery())
    clock.advance(outboundStallTimeoutMs)
    expect(peer.closed).toBeUndefined()
    clock.advance(30_000)
    expect(peer.closed).toBe('destroyed')
    expect(peer.dropReasons[0]).toMatch(/^too slow: it took no byte/)
  })

  test('are read only when memory and their own socket allow it', () => {
    const { peer, region } = client(consumerInfo())
    const port = region.ports.get(connectionId)!
    port.pause()
    peer.stuckBytes = outboundHighWaterBytes
    port.deliver(delivery())
    port.resume()
    expect(peer.reading).toBe(false)
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.reading).toBe(true)
  })
})

describe('what cannot be encoded', () => {
  /** Its stored form says that it goes on where it ends. */
  const damaged = (): Delivery => {
    const given = delivery()
    const { messageId } = given.message
    return { ...given, message: { messageId, bytes: given.message.bytes.subarray(0, 40) } as Message }
  }

  test('is refused for its consumer, and the connection goes on', async () => {
    const { service, region } = buildService()
    const tight = { tightEncodingEnabled: true, cacheEnabled: false }
    const peer = new TestSession(service, tight).negotiate(tight)
    peer.receive(connectionInfo(), sessionInfo(), consumerInfo())
    const port = region.ports.get(connectionId)!
    port.deliver(damaged())
    expect(region.of('acknowledge')).toEqual([])
    await Promise.resolve()
    expect(region.of('acknowledge')).toMatchObject([[{ outcome: 'rejected', consumerId: `${connectionId}:1:1` }]])
    peer.takeSent()
    port.deliver(delivery())
    expect(kinds(peer.takeSent())).toEqual(['MessageDispatch'])
  })

  test('ends a connection with a marshalling cache, which may be out of step', async () => {
    const { service, region } = buildService()
    const peer = new TestSession(service, { cacheEnabled: true }).negotiate()
    peer.receive(connectionInfo(), sessionInfo(), consumerInfo())
    const port = region.ports.get(connectionId)!
    port.deliver(damaged())
    peer.takeSent()
    port.deliver(delivery())
    expect(peer.takeSent()).toEqual([])
    expect(peer.closed).toBeUndefined()
    await Promise.resolve()
    expect(region.of('acknowledge')).toMatchObject([[{ outcome: 'rejected' }]])
    expect(peer.closed).toBe('destroyed')
  })
})
