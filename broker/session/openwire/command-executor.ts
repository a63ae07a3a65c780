// Carries out the commands of one socket: registers what clients announce and calls the region (spec openwire.md
// section 8, "Which commands need what answer"). It answers through `done` only; frames, answers and time are the session's.
//
// Adding what exists is ignored, because failover clients announce again; removing what does not exist is an error.
import { AssertionError } from '../../base/assert.ts'
import { RefusalError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Message } from '../../message/message.ts'
import type { ConnectionPort, Delivery, Done } from '../../region/region.ts'
import type {
  BrokerInfo,
  Command,
  ConnectionId,
  ConnectionInfo,
  ConsumerControl,
  DestinationInfo,
  MessageAck,
  MessagePull,
  RemoveInfo,
  RemoveSubscriptionInfo,
} from '../../wire/openwire/commands.ts'
import { transactionIdText } from '../../openwire/id-text.ts'
import { acknowledgementOf } from './acknowledgement.ts'
import { localTransaction } from './transaction-id.ts'
import { lastSeenOf } from './last-seen.ts'
import { requireOwnNames } from './temporary-names.ts'
import { AnnouncedBytes } from './announced-bytes.ts'
import type { RegisteredConnection } from '../connection-registry.ts'
import { ConnectionState, type ConsumerState, type ProducerState } from './connection-state.ts'
import { acceptedPrefetch } from './consumer-options.ts'
import { destinationOperations } from '../../openwire/destination-operations.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import { maxConnectionsPerSocket } from './limits.ts'
import type { OpenWireService } from './openwire-service.ts'
import { addConsumer, addProducer, addSession, removeConsumer, removeObject } from './registrations.ts'
import { AcknowledgedIds, requiredConnectionId, requiredConsumerId } from './required-ids.ts'
import { executeTransaction } from './transactions.ts'

/** The session, as the executor sees it. */
export interface CommandPeer {
  /** `tcp://10.0.0.7:51234` */
  readonly remoteAddress: string
  readonly connectorName: string
  readonly logger: Logger
  send(command: Command): void
  /** null = the end marker of a pull. */
  dispatch(consumer: ConsumerState, delivery: Delivery | null): void
  pause(): void
  resume(): void
  /** More bytes wait for the socket than should. */
  readonly congested: boolean
  limitReached(limit: string): void
  /** Closes the socket at once, without answering anything that is still open. */
  stop(reason: string): void
  /** A ConnectionInfo was refused: the client gets time to read why. */
  closeSoon(reason: RefusalError): void
  /** The first ConnectionInfo was accepted. */
  connected(): void
}

export interface SentMessage {
  readonly connectionId: string
  readonly producerId: string
  readonly message: Message
  readonly transactionId: string | null
}

export class CommandExecutor {
  readonly service: OpenWireService
  readonly #peer: CommandPeer
  readonly #connections = new Map<string, ConnectionState>()
  readonly #registered = new Map<string, RegisteredConnection>()
  readonly #announced = new AnnouncedBytes()
  readonly #acknowledgedIds = new AcknowledgedIds()

  constructor(service: OpenWireService, peer: CommandPeer) {
    this.service = service
    this.#peer = peer
  }

  /** Calls `done` exactly once, unless the store fails. Never throws RefusalErrors. `frameBytes`: what the command took. */
  execute(command: Command, frameBytes: number, done: Done): void {
    this.#announced.frameBytes = frameBytes
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

  /** @throws {RefusalError} IllegalStateException when no such connection was announced on this socket. */
  connection(id: string, what: string): ConnectionState {
    const connection = this.#connections.get(id)
    if (connection) return connection
    throw new RefusalError('ILLEGAL_STATE', `Cannot ${what}: connection ${id} had not been registered on this socket`)
  }

  /** Sends a message that came on connection `connectionId`. @throws {RefusalError} */
  send({ connectionId, producerId, message, transactionId }: SentMessage, done: Done): void {
    const connection = this.connection(connectionId, 'send message')
    const producer = connection.producers.get(producerId)
    if (!producer)
      throw new RefusalError('ILLEGAL_STATE', `Cannot send message: producer ${producerId} had not been registered`)
    connection.region.send(message, transactionId, done)
  }

  producer(connectionId: string, producerId: string): ProducerState | undefined {
    return this.#connections.get(connectionId)?.producers.get(producerId)
  }

  /** Marks the transaction rollback-only, if there is one. */
  failTransaction(connectionId: string, transactionId: string, cause: RefusalError): void {
    this.#connections.get(connectionId)?.region.failTransaction(transactionId, cause)
  }

  /** Only a transaction of its own connection. */
  failTransactionOf({ transactionId, consumerId }: MessageAck, cause: RefusalError): void {
    const connectionId = consumerId?.connectionId
    if (transactionId?.kind !== 'LocalTransactionId' || transactionId.connectionId?.value !== connectionId) return
    this.failTransaction(connectionId ?? '', transactionIdText(transactionId), cause)
  }

  /** The socket is gone: everything that was announced on it goes. */
  close(): void {
    for (const connection of this.#connections.values()) this.#removeConnection(connection)
  }

  /** The socket takes bytes again: what waited for it goes on. */
  dispatch(): void {
    for (const connection of this.#connections.values()) connection.region.dispatch()
  }

  /** A delivery that this client cannot be sent is a poison message: or it would come again and again. */
  refuseDelivery({ id, info }: ConsumerState, { message, sequence }: Delivery, cause: Error): void {
    const connection = this.#connections.get(info.consumerId?.connectionId ?? '')
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

  get connections(): Iterable<ConnectionState> {
    return this.#connections.values()
  }

  /** True when the command's `done` is called later by the region. */
  #executeLater(command: Command, done: Done): boolean {
    if (command.kind === 'MessageAck') this.#acknowledge(command, done)
    else if (command.kind === 'TransactionInfo') executeTransaction(this, command, done)
    else return false
    return true
  }

  #executeNow(command: Command): void {
    switch (command.kind) {
      case 'ConnectionInfo':
        this.#addConnection(command)
        return
      case 'SessionInfo':
        addSession(this, command)
        return
      case 'ConsumerInfo':
        addConsumer(this, command)
        return
      case 'ProducerInfo':
        addProducer(this, command)
        return
      case 'RemoveInfo':
        if (command.objectId?.kind === 'ConnectionId') this.#endConnection(command.objectId, command)
        else removeObject(this, command)
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
      case 'RemoveSubscriptionInfo':
        throw noDurableSubscription(command)
      case 'BrokerInfo':
        this.#refuseBridge(command)
        return
      case 'FlushCommand':
      case 'ControlCommand':
      case 'ConnectionControl':
      case 'ProducerAck':
      case 'Response':
      case 'ExceptionResponse':
      case 'DataResponse':
      case 'DataArrayResponse':
      case 'IntegerResponse':
      case 'ConnectionError':
      case 'MessageDispatchNotification':
      case 'BrokerSubscriptionInfo':
        // Nothing to do; answered if an answer was asked for.
        return
      case 'MessageAck':
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
    if (this.#connections.has(id)) return
    try {
      this.#register(id, info)
    } catch (error) {
      if (error instanceof RefusalError && this.#connections.size === 0) this.#peer.closeSoon(error)
      throw error
    }
    this.#peer.connected()
    if (info.manageable) this.#peer.send(connectionControl)
  }

  #register(id: string, info: ConnectionInfo): void {
    if (info.clientId === null || info.clientId === '')
      throw new RefusalError('INVALID_CLIENT_ID', 'Cannot connect: no clientId was given')
    if (this.#connections.size >= maxConnectionsPerSocket)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot connect: this socket carries ${maxConnectionsPerSocket} connections, no more are accepted`,
        { fields: { limit: 'maxConnectionsPerSocket' } },
      )
    const { region, registry, advisories } = this.service
    const connection = new ConnectionState(id, info.clientId, info, this.#announced)
    const registered = this.#registeredForm(connection)
    try {
      registry.add(registered)
    } catch (error) {
      connection.forgetAnnounced()
      throw error
    }
    this.#connections.set(id, connection)
    this.#registered.set(id, registered)
    try {
      const { clientId, failoverReconnect } = info
      connection.attach(region.connect({ connectionId: id, clientId, failoverReconnect }, this.#portOf(connection)))
    } catch (error) {
      this.#forget(connection)
      throw error
    }
    advisories.connectionAdded(connection.info)
  }

  #portOf({ consumers }: ConnectionState): ConnectionPort {
    const peer = this.#peer
    return {
      deliver(delivery) {
        const consumer = consumers.get(delivery.consumerId)
        if (consumer) peer.dispatch(consumer, delivery)
      },
      deliverNothing(consumerId) {
        const consumer = consumers.get(consumerId)
        if (consumer) peer.dispatch(consumer, null)
      },
      get congested() {
        return peer.congested
      },
      limitReached: (limit) => peer.limitReached(limit),
      pause: () => peer.pause(),
      resume: () => peer.resume(),
    }
  }

  #registeredForm(connection: ConnectionState): RegisteredConnection {
    const peer = this.#peer
    return {
      id: connection.id,
      clientId: connection.clientId,
      remoteAddress: peer.remoteAddress,
      connectorName: peer.connectorName,
      get consumerCount() {
        return connection.consumers.size
      },
      get producerCount() {
        return connection.producers.size
      },
      stop: (reason) => peer.stop(reason),
    }
  }

  /** Closed by its client, who says what it got last; a lost connection cannot. */
  #endConnection(id: ConnectionId, { lastDeliveredSequenceId }: RemoveInfo): void {
    const connection = this.connection(requiredConnectionId(id, 'remove connection'), 'remove connection')
    for (const consumer of connection.consumers.keys())
      removeConsumer(this, connection, consumer, lastSeenOf(lastDeliveredSequenceId))
    this.#removeConnection(connection)
  }

  #removeConnection(connection: ConnectionState): void {
    this.#forget(connection)
    connection.region.close()
    const { advisories } = this.service
    for (const id of connection.consumers.keys()) advisories.consumerForgotten(id)
    for (const id of connection.producers.keys()) advisories.producerForgotten(id)
    advisories.connectionRemoved(connection.info)
  }

  #forget({ id }: ConnectionState): void {
    const registered = this.#registered.get(id)
    if (registered) this.service.registry.remove(registered)
    this.#registered.delete(id)
    this.#connections.get(id)?.forgetAnnounced()
    this.#connections.delete(id)
  }

  #acknowledge(ack: MessageAck, done: Done): void {
    const connection = this.connection(ack.consumerId?.connectionId ?? '', 'acknowledge')
    const transactionId = localTransaction(ack.transactionId, connection.id, 'acknowledge')
    const acknowledgement = acknowledgementOf(ack, transactionId, this.#acknowledgedIds)
    if (acknowledgement) connection.region.acknowledge(acknowledgement, done)
    else done()
  }

  #changeDestination(info: DestinationInfo): void {
    const what = 'change destination'
    const connection = this.connection(requiredConnectionId(info.connectionId, what), what)
    const destination = requiredDestination(info.destination, what)
    switch (info.operationType) {
      case destinationOperations.add:
        requireOwnNames(destination, connection.id)
        connection.region.addDestination(destination)
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

  #pull(pull: MessagePull): void {
    const { text: id, connectionId } = requiredConsumerId(pull.consumerId, 'pull')
    const connection = this.connection(connectionId, 'pull')
    if (!connection.consumers.has(id))
      throw new RefusalError('ILLEGAL_STATE', `Cannot pull: consumer ${id} had not been registered`)
    connection.region.pull(id, Number(pull.timeout))
  }

  /** Only the prefetch means something from a client; failover clients restore it with this (spec section 15). */
  #control(control: ConsumerControl): void {
    const { text: id, connectionId } = requiredConsumerId(control.consumerId, 'control consumer')
    const connection = this.connection(connectionId, 'control consumer')
    if (!connection.consumers.has(id)) return
    connection.region.setPrefetch(id, acceptedPrefetch(control.prefetch, 'control consumer'))
  }

  #refuseBridge(info: BrokerInfo): void {
    if (!info.networkConnection) return
    const error = new RefusalError(
      'UNSUPPORTED',
      `Cannot accept the network bridge of broker ${info.brokerName}: networks of brokers are not supported by this broker`,
    )
    this.#peer.logger.warn('Refused a network bridge', { remoteBroker: info.brokerName })
    this.#peer.closeSoon(error)
    throw error
  }
}

const noDurableSubscription = ({ clientId, subscriptionName }: RemoveSubscriptionInfo): RefusalError =>
  new RefusalError(
    'INVALID_DESTINATION',
    `No durable subscription exists for clientID: ${clientId} and subscriptionName: ${subscriptionName}`,
  )

/** Tells manageable clients that no other brokers are known. */
const connectionControl: Command = {
  kind: 'ConnectionControl',
  commandId: 0,
  responseRequired: false,
  close: false,
  exit: false,
  faultTolerant: false,
  resume: false,
  suspend: false,
  connectedBrokers: '',
  reconnectTo: '',
  rebalanceConnection: false,
  token: null,
}
