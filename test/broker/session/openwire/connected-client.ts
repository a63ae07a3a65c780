// A client that is connected and has a session, and what it is given.
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import type { Delivery } from '../../../../broker/region/region.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { buildService, type ServiceParts } from '../../../support/fake-region.ts'
import { connectionId, TestSession } from './session-harness.ts'
import { sessionInfo, textMessage } from './test-commands.ts'

export const kinds = (commands: readonly Command[]): string[] => commands.map(({ kind }) => kind)

/** A connected client with a session, and whatever else; nothing of its answers is left. */
export function client(...commands: Command[]): { peer: TestSession } & ServiceParts {
  const parts = buildService()
  const peer = new TestSession(parts.service).connect().receive(sessionInfo(), ...commands)
  peer.takeSent()
  peer.takeHex()
  return { ...parts, peer }
}

/** To the consumer of test-commands.ts. */
export function delivery(sequence = 17): Delivery {
  const sent = textMessage()
  const messageId = { ...sent.messageId!, brokerSequenceId: sequence }
  const message = StoredMessage.scan(storedFormOf({ ...sent, messageId }))
  const destination = { kind: 'queue', name: 'Q' } as const
  return { consumerId: `${connectionId}:1:1`, destination, message, sequence, redeliveryCounter: 0 }
}
