// Carries out the commands of one socket that are no messages: registers what clients announce and calls the region. It answers
// through `done` only; frames, answers and time are the session's. What ActiveMQ's TransportConnection answers is answered.
//
// Adding what exists is ignored, because failover clients announce again; removing what does not exist is an error.
import { AssertionError } from '../../base/assert.ts'
import { RefusalError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { transactionIdText } from '../../openwire/id-text.ts'
import { destinationOperations } from '../../openwire/destination-operations.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import type { Delivery, Done } from '../../region/region.ts'
import type {
  BrokerInfo,
  Command,
  ConnectionControl,
  ConnectionId,
  ConnectionInfo,
  ConsumerControl,
  DestinationInfo,
  MessageAck,
  MessagePull,
  RemoveInfo,
  RemoveSubscriptionInfo,
} from '../../wire/openwire/commands.ts'
import { acknowledgementOf } from './acknowledgement.ts'
import type { ConsumerState } from './connection-state.ts'
import { acceptedPrefetch } from './consumer-options.ts'
import {
  addConsumer,
  addDurableConsumer,
  addProducer,
  addSession,
  removeConsumer,
  removeObject,
} from './registrations.ts'
import { AcknowledgedIds, requiredConnectionId, requiredConsumerId } from './required-ids.ts'
import type { SocketConnections } from './socket-connections.ts'
import { requireOwnNames } from './temporary-names.ts'
import { localTransaction } from './transaction-id.ts'
import { executeTransaction } from './transactions.ts'

/** The session, as the executor sees it. */
export interface CommandPeer {
  readonly logger: Logger
  send(command: Command): void
  /** A ConnectionInfo was refused: the client gets time to read why. */
  closeSoon(reason: RefusalError): void
  /** A ConnectionInfo was accepted. */
  connected(info: ConnectionInfo): void
  /** The client says something about its connection. */
  controlled(control: ConnectionControl): void
  /** Another broker says who it is. @throws {FormatError} when it is not the time for that. */
  introduced(info: BrokerInfo): void
  /** What a client that manages its connection is told of brokers, once it is connected. */
  clusterControl(info: ConnectionInfo): ConnectionControl
}

export class CommandExecutor {
  readonly #connections: SocketConnections
  readonly #peer: CommandPeer
  readonly #acknowledgedIds = new AcknowledgedIds()

  constructor(connections: SocketConnections, peer: CommandPeer) {
    this.#connections = connections
    this.#peer = peer
  }

  /** Calls `done` exactly once, unless the store fails. Never throws RefusalErrors. `frameBytes`: what the command took. */
  execute(command: Command, frameBytes: number, done: Done): void {
    this.#connections.frameBytes = frameBytes
    try {
      if (this.#executeLater(command, done)) return
      this.#executeNow(command)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      done(error)
      return
    }
    done()
  }

  /** Marks its transaction rollback-only, if there is one of its own connection. */
  failTransactionOf({ transactionId, consumerId }: MessageAck, cause: RefusalError): void {
    const connectionId = consumerId?.connectionId
    if (transactionId?.kind !== 'LocalTransactionId' || transactionId.connectionId?.value !== connectionId) return
    this.#connections.find(connectionId ?? '')?.region.failTransaction(transactionIdText(transactionId), cause)
  }

  /** A delivery that this client cannot be sent is a poison message: or it would come again and again. */
  refuseDelivery({ id, info }: ConsumerState, { message, sequence }: Delivery, cause: Error): void {
    const connection = this.#connections.find(info.consumerId?.connectionId ?? '')
    if (!connection?.consumers.has(id)) return
    this.#peer.logger.warn('Cannot send a message to its consumer', { consumerId: id, reason: cause.message })
    const last = { messageId: message.messageId, sequence }
    connection.region.acknowledge(
      {
        outcome: 'rejected',
        consumerId: id,
        transactionId: null,
        scope: 'range',
        first: last,
        last,
        messageCount: 1,
        credit: 0,
        cause: cause.message,
        responseRequired: false,
      },
      () => {},
    )
  }

  /** True when the command's `done` is called later by the region. */
  #executeLater(command: Command, done: Done): boolean {
    if (command.kind === 'MessageAck') this.#acknowledge(command, done)
    else if (command.kind === 'TransactionInfo') executeTransaction(this.#connections, command, done)
    else if (command.kind === 'RemoveSubscriptionInfo') this.#removeSubscription(command, done)
    else if (command.kind === 'ConsumerInfo' && command.subscriptionName !== null)
      addDurableConsumer(this.#connections, command, done)
    else return false
    return true
  }

  #executeNow(command: Command): void {
    switch (command.kind) {
      case 'ConnectionInfo':
        this.#addConnection(command)
        return
      case 'SessionInfo':
        addSession(this.#connections, command)
        return
      case 'ConsumerInfo':
        addConsumer(this.#connections, command)
        return
      case 'ProducerInfo':
        addProducer(this.#connections, command)
        return
      case 'RemoveInfo':
        if (command.objectId?.kind === 'ConnectionId') this.#endConnection(command.objectId, command)
        else removeObject(this.#connections, command)
        return
      case 'DestinationInfo':
        this.#changeDestination(command)
        return
      case 'MessagePull':
        this.#pull(command)
        return
      case 'ConsumerControl':
        this.#control(command)
        return
      case 'BrokerInfo':
        this.#peer.introduced(command)
        return
      case 'ConnectionControl':
        this.#peer.controlled(command)
        return
      case 'FlushCommand':
      case 'ControlCommand':
      case 'ProducerAck':
      case 'Response':
      case 'ExceptionResponse':
      case 'DataResponse':
      case 'DataArrayResponse':
      case 'IntegerResponse':
      case 'ConnectionError':
      case 'MessageDispatchNotification':
        // Nothing to do; answered if an answer was asked for.
        return
      case 'BrokerSubscriptionInfo':
      case 'MessageAck':
      case 'RemoveSubscriptionInfo':
      case 'TransactionInfo':
      case 'WireFormatInfo':
      case 'KeepAliveInfo':
      case 'ShutdownInfo':
      case 'ActiveMQMessage':
      case 'ActiveMQBytesMessage':
      case 'ActiveMQMapMessage':
      case 'ActiveMQObjectMessage':
      case 'ActiveMQStreamMessage':
      case 'ActiveMQTextMessage':
      case 'ActiveMQBlobMessage':
        throw new AssertionError(`${command.kind} is not executed here`)
      case 'MessageDispatch':
      case 'ReplayCommand':
        throw new RefusalError('INVALID_REQUEST', `Cannot execute ${command.kind}: brokers do not take it`)
    }
  }

  #addConnection(info: ConnectionInfo): void {
    const id = requiredConnectionId(info.connectionId, 'connect')
    if (this.#connections.find(id)) return
    try {
      this.#connections.add(id, info)
    } catch (error) {
      if (error instanceof RefusalError && this.#connections.size === 0) this.#peer.closeSoon(error)
      throw error
    }
    this.#peer.connected(info)
    if (info.manageable) this.#peer.send(this.#peer.clusterControl(info))
  }

  /** Closed by its client, who says what it got last; a lost connection cannot. */
  #endConnection(id: ConnectionId, { lastDeliveredSequenceId }: RemoveInfo): void {
    const connection = this.#connections.get(requiredConnectionId(id, 'remove connection'), 'remove connection')
    for (const consumer of connection.consumers.keys()) removeConsumer(connection, consumer, lastDeliveredSequenceId)
    this.#connections.remove(connection)
  }

  #acknowledge(ack: MessageAck, done: Done): void {
    const connection = this.#connections.get(ack.consumerId?.connectionId ?? '', 'acknowledge')
    const transactionId = localTransaction(ack.transactionId, connection.id, 'acknowledge')
    const acknowledgement = acknowledgementOf(ack, transactionId, this.#acknowledgedIds)
    if (acknowledgement) connection.region.acknowledge(acknowledgement, done)
    else done()
  }

  #changeDestination(info: DestinationInfo): void {
    const what = 'change destination'
    const connection = this.#connections.get(requiredConnectionId(info.connectionId, what), what)
    const destination = requiredDestination(info.destination, what)
    switch (info.operationType) {
      case destinationOperations.add:
        requireOwnNames(destination, connection.id)
        // One that came over other brokers is told on with its path, or it would go round.
        if (info.brokerPath) connection.region.addDestination(destination, info)
        else connection.region.addDestination(destination)
        return
      case destinationOperations.remove:
        connection.region.removeDestination(destination)
        return
      default:
        throw new RefusalError(
          'INVALID_REQUEST',
          `Cannot change destination: operation is ${info.operationType}, 0 (add) and 1 (remove) are accepted`,
        )
    }
  }

  #removeSubscription(info: RemoveSubscriptionInfo, done: Done): void {
    const what = 'remove subscription'
    const { region } = this.#connections.get(requiredConnectionId(info.connectionId, what), what)
    region.removeSubscription(info.clientId ?? '', info.subscriptionName ?? '')
    region.whenDurable(done)
  }

  #pull(pull: MessagePull): void {
    const { text: id, connectionId } = requiredConsumerId(pull.consumerId, 'pull')
    const connection = this.#connections.get(connectionId, 'pull')
    if (!connection.consumers.has(id))
      throw new RefusalError('ILLEGAL_STATE', `Cannot pull: consumer ${id} had not been registered`)
    connection.region.pull(id, Number(pull.timeout))
  }

  /** Only the prefetch means something from a client; failover clients restore it with this. */
  #control(control: ConsumerControl): void {
    const { text: id, connectionId } = requiredConsumerId(control.consumerId, 'control consumer')
    const connection = this.#connections.get(connectionId, 'control consumer')
    if (!connection.consumers.has(id)) return
    connection.region.setPrefetch(id, acceptedPrefetch(control.prefetch, 'control consumer'))
  }
}
