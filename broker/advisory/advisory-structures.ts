// The structures that advisories carry when the client that caused them did not send one.
import type { Destination } from '../message/destination.ts'
import type { DestinationInfo, RemoveInfo } from '../wire/openwire/commands.ts'
import type { ConnectionId, ConsumerId, ProducerId } from '../wire/openwire/commands.ts'
import { structureOf } from '../openwire/destination-structure.ts'

/** `connectionId`: the connection that made the destination; null when the broker did. */
export const destinationInfo = (
  operation: 'add' | 'remove',
  destination: Destination,
  connectionId: string | null,
): DestinationInfo => ({
  kind: 'DestinationInfo',
  commandId: 0,
  responseRequired: false,
  connectionId: connectionId === null ? null : { kind: 'ConnectionId', value: connectionId },
  destination: structureOf(destination),
  operationType: operation === 'add' ? 0 : 1,
  timeout: 0,
  brokerPath: null,
})

export const removeInfo = (objectId: ConnectionId | ConsumerId | ProducerId): RemoveInfo => ({
  kind: 'RemoveInfo',
  commandId: 0,
  responseRequired: false,
  objectId,
  lastDeliveredSequenceId: 0,
})
