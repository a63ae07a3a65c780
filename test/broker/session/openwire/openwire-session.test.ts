import { expect, test } from '@jest/globals'
import { maxCommandBytes } from '../../../../broker/session/openwire/limits.ts'
import type { SessionService } from '../../../../broker/session/session-service.ts'
import { sessionContract, type SessionClient } from '../../../contract/session.ts'
import { client } from './connected-client.ts'
import { connectionInfo, receiveBytes, TestSession } from './session-harness.ts'
import { consumerId, consumerInfo, sessionInfo } from './test-commands.ts'

let clients = 0

class OpenWireClient implements SessionClient {
  readonly peer: TestSession
  readonly #connectionId = `ID:contract-${clients++}:1`
  readonly #refusals: string[] = []

  constructor(service: SessionService) {
    this.peer = new TestSession(service)
  }

  get socket(): TestSession {
    return this.peer
  }

  get session(): TestSession['session'] {
    return this.peer.session
  }

  get dropReasons(): readonly string[] {
    return this.peer.dropReasons
  }

  connect(clientId: string): void {
    this.peer.negotiate({ maxInactivityDurationMs: 0 })
    this.peer.receive(connectionInfo({ connectionId: { kind: 'ConnectionId', value: this.#connectionId }, clientId }), {
      ...sessionInfo(),
      sessionId: { kind: 'SessionId', connectionId: this.#connectionId, value: 1 },
    })
  }

  subscribe(): void {
    this.peer.receive(consumerInfo({ consumerId: { ...consumerId, connectionId: this.#connectionId } }))
  }

  ask(): void {
    this.peer.receive({ kind: 'FlushCommand', commandId: 5, responseRequired: true })
  }

  receive(bytes: Buffer): void {
    receiveBytes(this.peer.session, bytes)
  }

  /** What was asked for and refused. */
  refusals(): readonly string[] {
    for (const command of this.peer.takeSent())
      if (command.kind === 'ExceptionResponse') this.#refusals.push(command.exception?.message ?? '')
    return this.#refusals
  }
}

sessionContract('OpenWireSession', {
  client: (service) => new OpenWireClient(service),
  // A frame of a type that does not exist.
  garbage: Buffer.from('00000005 05 ffffffff'.replaceAll(' ', ''), 'hex'),
  excess: {
    limit: 'maxCommandBytes',
    send(stranger) {
      const frame = Buffer.alloc(4 + maxCommandBytes + 1)
      frame.writeInt32BE(maxCommandBytes + 1, 0)
      stranger.receive(frame)
    },
  },
})

test('a message may be larger than any other command', () => {
  const { peer, service } = client()
  const frame = Buffer.alloc(4 + maxCommandBytes + 1)
  frame.writeInt32BE(maxCommandBytes + 1, 0)
  frame[4] = 24
  receiveBytes(peer.session, frame)
  expect(peer.closed).toBeUndefined()
  expect(service.limits.totals.size).toBe(0)
})
