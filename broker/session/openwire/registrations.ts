// Sessions, consumers and producers: added by their infos, taken away by RemoveInfo, which cascades from a session to
// what is in it (as ActiveMQ's TransportConnection.processRemoveSession).
import { RefusalError } from '../../base/errors.ts'
import type { ConsumerIdText, Done } from '../../region/region.ts'
import { lastSeenOf } from './last-seen.ts'
import type { ConsumerInfo, Long, ProducerInfo, RemoveInfo, SessionInfo } from '../../wire/openwire/commands.ts'
import type { ConnectionState } from './connection-state.ts'
import { consumerOptionsOf } from './consumer-options.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import { DispatchState } from './dispatch-encoder.ts'
import type { SocketConnections } from './socket-connections.ts'
import { requiredConsumerId, requiredProducerId, requiredSessionId, sessionIdOf } from './required-ids.ts'

export function addSession(connections: SocketConnections, { sessionId }: SessionInfo): void {
  const { text, connectionId } = requiredSessionId(sessionId, 'add session')
  connections.get(connectionId, 'add session').addSession(text)
}

export function addConsumer(connections: SocketConnections, info: ConsumerInfo): void {
  const { text: id, connectionId } = requiredConsumerId(info.consumerId, 'add consumer')
  const connection = connections.get(connectionId, 'add consumer')
  const session = connection.session(sessionIdOf(info.consumerId!), 'add consumer')
  if (connection.consumers.has(id)) return
  const options = consumerOptionsOf(id, info, connections.broker?.demandTerms)
  const state = {
    id,
    info,
    session,
    dispatch: new DispatchState(info.consumerId!),
    removed: false,
  }
  // Known before the region is: its first deliveries may come from within the call.
  connection.addConsumer(state)
  try {
    connection.region.addConsumer(options)
  } catch (error) {
    connection.removeConsumer(state)
    throw error
  }
}

/** `done` is called when the subscription that it may have made is durable. */
export function addDurableConsumer(connections: SocketConnections, info: ConsumerInfo, done: Done): void {
  addConsumer(connections, info)
  const { connectionId } = requiredConsumerId(info.consumerId, 'add consumer')
  connections.get(connectionId, 'add consumer').region.whenDurable(done)
}

export function addProducer(connections: SocketConnections, info: ProducerInfo): void {
  const { text: id, connectionId } = requiredProducerId(info.producerId, 'add producer')
  const connection = connections.get(connectionId, 'add producer')
  const session = connection.session(sessionIdOf(info.producerId!), 'add producer')
  if (connection.producers.has(id)) return
  const destination = info.destination === null ? null : requiredDestination(info.destination, 'add producer')
  const state = { id, info, session }
  connection.addProducer(state)
  try {
    connection.region.addProducer({ producerId: id, destination, announcement: info })
  } catch (error) {
    connection.removeProducer(state)
    throw error
  }
}

/** Takes away a session, consumer or producer. */
export function removeObject(connections: SocketConnections, { objectId, lastDeliveredSequenceId }: RemoveInfo): void {
  const lastSeen = lastDeliveredSequenceId
  if (objectId?.kind === 'SessionId') {
    const { text, connectionId } = requiredSessionId(objectId, 'remove session')
    removeSession(connections.get(connectionId, 'remove session'), text, lastSeen)
  } else if (objectId?.kind === 'ConsumerId') {
    const { text, connectionId } = requiredConsumerId(objectId, 'remove consumer')
    removeConsumer(connections.get(connectionId, 'remove consumer'), text, lastSeen)
  } else if (objectId?.kind === 'ProducerId') {
    const { text, connectionId } = requiredProducerId(objectId, 'remove producer')
    removeProducer(connections.get(connectionId, 'remove producer'), text)
  } else
    throw new RefusalError(
      'INVALID_REQUEST',
      `Cannot remove ${objectId?.kind ?? 'nothing'}: connections, sessions, consumers and producers are accepted`,
    )
}

function removeSession(connection: ConnectionState, id: string, lastSeen: Long): void {
  const session = connection.sessions.get(id)
  if (!session) throw notRegistered('session', id)
  for (const consumer of session.consumers) removeConsumer(connection, consumer, lastSeen)
  for (const producer of session.producers) removeProducer(connection, producer)
  connection.removeSession(session)
}

/** `lastDelivered`: as its client said, of it or of what it belongs to. */
export function removeConsumer(connection: ConnectionState, id: ConsumerIdText, lastDelivered: Long): void {
  const state = connection.consumers.get(id)
  if (!state) throw notRegistered('consumer', id)
  connection.removeConsumer(state)
  const { subscriptionName, destination } = state.info
  const durable = subscriptionName !== null && destination?.kind === 'ActiveMQTopic'
  connection.region.removeConsumer(id, lastSeenOf(lastDelivered, durable))
}

function removeProducer(connection: ConnectionState, id: string): void {
  const state = connection.producers.get(id)
  if (!state) throw notRegistered('producer', id)
  connection.removeProducer(state)
  connection.region.removeProducer(id)
}

const notRegistered = (kind: string, id: string): RefusalError =>
  new RefusalError('ILLEGAL_STATE', `Cannot remove a ${kind} that had not been registered: ${id}`)
