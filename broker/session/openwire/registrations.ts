// Sessions, consumers and producers: added by their infos, taken away by RemoveInfo, which cascades from a session to
// what is in it (spec openwire.md section 8).
import { RefusalError } from '../../base/errors.ts'
import type { ConsumerIdText, LastSeen } from '../../region/region.ts'
import { lastSeenOf } from './last-seen.ts'
import type { ConsumerInfo, ProducerInfo, RemoveInfo, SessionInfo } from '../../wire/openwire/commands.ts'
import type { CommandExecutor } from './command-executor.ts'
import type { ConnectionState } from './connection-state.ts'
import { consumerOptionsOf } from './consumer-options.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import { DispatchState } from './dispatch-encoder.ts'
import { requiredConsumerId, requiredProducerId, requiredSessionId, sessionIdOf } from './required-ids.ts'

export function addSession(executor: CommandExecutor, { sessionId }: SessionInfo): void {
  const { text, connectionId } = requiredSessionId(sessionId, 'add session')
  executor.connection(connectionId, 'add session').addSession(text)
}

export function addConsumer(executor: CommandExecutor, info: ConsumerInfo): void {
  const { text: id, connectionId } = requiredConsumerId(info.consumerId, 'add consumer')
  const connection = executor.connection(connectionId, 'add consumer')
  const session = connection.session(sessionIdOf(info.consumerId!), 'add consumer')
  if (connection.consumers.has(id)) return
  const options = consumerOptionsOf(id, info)
  const state = {
    id,
    info,
    session,
    dispatch: new DispatchState(info.consumerId!),
    removed: false,
  }
  // Known before the region is: its first deliveries may come from within the call.
  connection.addConsumer(state)
  const { advisories } = executor.service
  try {
    advisories.consumerAnnounced(info, id)
    connection.region.addConsumer(options)
  } catch (error) {
    connection.removeConsumer(state)
    advisories.consumerForgotten(id)
    throw error
  }
  advisories.subscribe(id, options.destination)
}

export function addProducer(executor: CommandExecutor, info: ProducerInfo): void {
  const { text: id, connectionId } = requiredProducerId(info.producerId, 'add producer')
  const connection = executor.connection(connectionId, 'add producer')
  const session = connection.session(sessionIdOf(info.producerId!), 'add producer')
  if (connection.producers.has(id)) return
  const destination = info.destination === null ? null : requiredDestination(info.destination, 'add producer')
  const state = { id, info, session }
  connection.addProducer(state)
  const { advisories } = executor.service
  try {
    advisories.producerAnnounced(info, id)
    connection.region.addProducer({ producerId: id, destination, announcement: info })
  } catch (error) {
    connection.removeProducer(state)
    advisories.producerForgotten(id)
    throw error
  }
}

/** Takes away a session, consumer or producer. */
export function removeObject(executor: CommandExecutor, { objectId, lastDeliveredSequenceId }: RemoveInfo): void {
  const lastSeen = lastSeenOf(lastDeliveredSequenceId)
  if (objectId?.kind === 'SessionId') {
    const { text, connectionId } = requiredSessionId(objectId, 'remove session')
    removeSession(executor, executor.connection(connectionId, 'remove session'), text, lastSeen)
  } else if (objectId?.kind === 'ConsumerId') {
    const { text, connectionId } = requiredConsumerId(objectId, 'remove consumer')
    removeConsumer(executor, executor.connection(connectionId, 'remove consumer'), text, lastSeen)
  } else if (objectId?.kind === 'ProducerId') {
    const { text, connectionId } = requiredProducerId(objectId, 'remove producer')
    removeProducer(executor, executor.connection(connectionId, 'remove producer'), text)
  } else
    throw new RefusalError(
      'INVALID_REQUEST',
      `Cannot remove ${objectId?.kind ?? 'nothing'}: connections, sessions, consumers and producers are accepted`,
    )
}

function removeSession(executor: CommandExecutor, connection: ConnectionState, id: string, lastSeen: LastSeen): void {
  const session = connection.sessions.get(id)
  if (!session) throw notRegistered('session', id)
  for (const consumer of session.consumers) removeConsumer(executor, connection, consumer, lastSeen)
  for (const producer of session.producers) removeProducer(executor, connection, producer)
  connection.removeSession(session)
}

export function removeConsumer(
  executor: CommandExecutor,
  connection: ConnectionState,
  id: ConsumerIdText,
  lastSeen: LastSeen,
): void {
  const state = connection.consumers.get(id)
  if (!state) throw notRegistered('consumer', id)
  connection.removeConsumer(state)
  connection.region.removeConsumer(id, lastSeen)
  executor.service.advisories.consumerForgotten(id)
}

function removeProducer(executor: CommandExecutor, connection: ConnectionState, id: string): void {
  const state = connection.producers.get(id)
  if (!state) throw notRegistered('producer', id)
  connection.removeProducer(state)
  connection.region.removeProducer(id)
  executor.service.advisories.producerForgotten(id)
}

const notRegistered = (kind: string, id: string): RefusalError =>
  new RefusalError('ILLEGAL_STATE', `Cannot remove a ${kind} that had not been registered: ${id}`)
