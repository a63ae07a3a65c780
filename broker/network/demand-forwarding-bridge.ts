// A bridge between this broker and another one, once the connection is open and both know each other: it learns from the other
// broker's advisories what its consumers want (demand/), consumes that here (near-end.ts) and sends it there (far-end.ts). It
// knows neither sockets nor timers.
//
//   started ──► the other broker's advisories ──► demand ──► consumers here ──► messages there ──► answers ──► acknowledged here
//      └─► ended: by `stop`, or by itself when the connection fails or the other broker refuses a message
//
// A message is removed here only when the other broker has answered that it has it, as durable as it asks for. Many are under
// way at the same time, as many as the prefetch of its demand.
import { errorMessage, isError, RefusalError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { NetworkOptions } from '../destination/subscription/subscription.ts'
import { isDemandOnly, type DemandTerms } from '../message/demand-terms.ts'
import { isAdvisory, isTemporary } from '../message/destination.ts'
import { StoredMessage } from '../message/stored-message.ts'
import { acknowledgementTypes } from '../openwire/acknowledgement-types.ts'
import { buildAcknowledgement, buildShutdownInfo } from '../openwire/build-commands.ts'
import { producerIdText } from '../openwire/id-text.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type { Delivery, Region } from '../region/region.ts'
import type {
  BrokerSubscriptionInfo,
  Command,
  ConsumerInfo,
  DataStructure,
  MessageCommand,
  Throwable,
} from '../wire/openwire/commands.ts'
import { messageCommandOf, storedFormOf } from '../wire/openwire/stored-form.ts'
import { ownProvider } from '../wire/openwire/wire-format.ts'
import type { Bridge, BridgeListener, BridgeStatistics, RemoteBroker } from './bridge.ts'
import type { BridgeSettings } from './connector-settings.ts'
import { advisoryDestination, demandTermsOf } from './demand/advisory-filter.ts'
import type { Demand, DemandChange } from './demand/demand.ts'
import { DemandTable } from './demand/demand-table.ts'
import { buildSubscriptionInfo, hearsSubscriptions, isToldSubscriptions } from './demand/durable-sync.ts'
import type { NetworkDemands } from './demand/network-demands.ts'
import { DuplexIntake } from './duplex-intake.ts'
import type { FarEnd, FarEndListener, ForwardHeader } from './far-end.ts'
import { advisoryPrefetch, farConsumerId, farProducer, introductionOf } from './introduction.ts'
import { returnGraceMs } from './limits.ts'
import { NearEnd, type NearEndPeer } from './near-end.ts'
import { refusalText, refusedBridge } from './refusal-text.ts'

export interface BridgeParts {
  readonly settings: BridgeSettings
  readonly local: BrokerIdentity
  readonly remote: RemoteBroker
  readonly region: Region
  /** Of all bridges of this broker. */
  readonly demands: NetworkDemands
  readonly far: FarEnd
  /** Of its connections: different for each bridge that there ever was. */
  readonly idSeed: string
  /** Who listens here, for syncDurableSubs. */
  readonly subscribers: () => readonly ConsumerInfo[]
  /** What the other broker is told of the settings; null on the side that accepted the bridge. */
  readonly networkProperties: string | null
  /** Of that name, by what the other broker has said. */
  readonly limitReached?: (limit: string, remote: RemoteBroker) => void
  readonly logger: Logger
  readonly listener: BridgeListener
}

export class DemandForwardingBridge implements Bridge, FarEndListener, NearEndPeer {
  readonly #parts: BridgeParts
  readonly #near: NearEnd
  readonly #demand: DemandTable
  readonly #header: ForwardHeader
  readonly #farConnectionId: string
  /** Messages that come over the same connection; null when the other side sends none, or a session takes them. */
  readonly #intake: DuplexIntake | null
  #hasBegun = false
  /** Before that: the demand of before is not known yet. */
  #toldEarly: BrokerSubscriptionInfo | null = null
  #advisoriesUnacknowledged = 0
  #forwarded = 0
  /** The region is delivering. */
  #forwarding = false
  /** The connection has failed meanwhile: the bridge ends as soon as the region has done. */
  #failing = false
  #ended = false

  constructor(parts: BridgeParts) {
    const { settings, local, remote, region, idSeed, far } = parts
    this.#parts = parts
    const nearConnectionId = `${idSeed}:1`
    const clientId = this.#nearClientId('inbound')
    this.#farConnectionId = `${idSeed}:2`
    this.#header = {
      producerId: producerIdText({ kind: 'ProducerId', ...farProducer(this.#farConnectionId) }),
      brokerId: local.brokerId,
      useCompression: settings.useCompression,
    }
    this.#demand = new DemandTable({
      settings,
      localBrokerId: local.brokerId,
      localBrokerName: local.brokerName,
      remoteBrokerId: remote.brokerId,
      connectionId: nearConnectionId,
      sessionId: 1,
      clientId,
      networkDemands: parts.demands,
      changed: (changes) => this.#apply(changes),
    })
    this.#near = new NearEnd(region, { connectionId: nearConnectionId, clientId }, this)
    const takesMessages = settings.duplex && parts.networkProperties !== null
    this.#intake = takesMessages
      ? new DuplexIntake({
          region,
          far,
          connectionId: `${idSeed}:3`,
          clientId: this.#nearClientId('inbound_duplex'),
          failed: (error) => this.failed(error),
        })
      : null
  }

  get statistics(): BridgeStatistics {
    return {
      demandSubscriptions: this.#near.consumers,
      forwarded: this.#forwarded,
      received: this.#intake?.received ?? this.#parts.far.received ?? 0,
    }
  }

  get congested(): boolean {
    return this.#failing || this.#parts.far.congested
  }

  /** Introduces this broker to the other one, and asks for its demand. What goes wrong is told to the listener. */
  start(): void {
    try {
      this.#introduce()
    } catch (error) {
      this.failed(isError(error) ? error : new Error(errorMessage(error)))
    }
  }

  stop(): void {
    if (this.#ended) return
    this.#parts.far.send(buildShutdownInfo())
    this.#close()
  }

  forward(delivery: Delivery): void {
    if (this.#failing) return
    const { far, settings } = this.#parts
    const { message, destination } = delivery
    // ActiveMQ never answers advisories; they are told again when the bridge is made anew.
    const awaits = (message.persistent || settings.alwaysSyncSend) && !isAdvisory(destination)
    this.#forwarding = true
    try {
      far.forward(delivery, this.#header, awaits ? (refusal) => this.#answered(delivery, refusal) : null)
    } catch (error) {
      const cause = isError(error) ? error.message : errorMessage(error)
      this.#parts.logger.warn('Cannot forward a message', { destination: destination.name, cause })
      this.#near.settle(delivery, 'rejected', cause)
      return
    } finally {
      this.#forwarding = false
    }
    if (awaits) return
    this.#forwarded++
    this.#near.settle(delivery, 'accepted')
  }

  consumerRefused(error: RefusalError): void {
    this.#limitReached(error.fields['limit'])
    this.#parts.logger.warn('Cannot follow the demand of the other broker', { cause: error.message })
  }

  command(command: Command): void {
    if (this.#ended) return
    if (command.kind === 'MessageDispatch') this.#advised(command.message)
    else if (isMessage(command)) this.message(storedFormOf(command))
    else if (command.kind === 'ConsumerInfo') this.#heard(command)
    else if (command.kind === 'RemoveInfo' && command.objectId?.kind === 'ConsumerId') this.#heard(command)
    else if (command.kind === 'BrokerSubscriptionInfo') this.#synchronize(command)
    else if (command.kind === 'ShutdownInfo') this.failed(new Error('The other broker ended the bridge'))
    else if (command.kind === 'ConnectionError') this.failed(refusedBridge(command.exception))
  }

  message(stored: Buffer): void {
    if (this.#ended) return
    const message = StoredMessage.scan(stored)
    if (isAdvisory(message.destination) && message.carriesStructures) this.#advised(messageCommandOf(stored))
    else this.#intake?.take(message)
  }

  relieved(): void {
    if (!this.#ended) this.#near.dispatch()
  }

  failed(error: Error): void {
    if (this.#ended) return
    if (this.#forwarding) {
      this.#failing = true
      queueMicrotask(() => this.failed(error))
      return
    }
    this.#close()
    this.#parts.listener.ended(error)
  }

  #introduce(): void {
    const { settings, local, networkProperties, far } = this.#parts
    const advisories = advisoryDestination(settings)
    const connectionId = this.#farConnectionId
    const subscriptions = isToldSubscriptions(settings, far.version) ? this.#subscriptions() : null
    const introduction = { settings, local, connectionId, networkProperties, advisories, subscriptions }
    // ActiveMQ's end of a duplex bridge does not answer.
    const isAnswered = networkProperties !== null && !settings.duplex
    for (const command of introductionOf(introduction))
      if (isAnswered && command.kind === 'ConnectionInfo') far.request(command, (refusal) => this.#admitted(refusal))
      else far.send(command)
    if (!isAnswered) this.#begin()
  }

  /** Else each attempt with a wrong password would look like a bridge for a moment. */
  #admitted(refusal: Throwable | null): void {
    if (this.#ended) return
    if (refusal) this.failed(refusedBridge(refusal))
    else this.#begin()
  }

  #begin(): void {
    this.#hasBegun = true
    this.#parts.listener.started(this.#parts.remote)
    this.#apply(this.#demand.start(this.#near.durableSubscriptions()))
    if (this.#toldEarly) this.#synchronize(this.#toldEarly)
  }

  #subscriptions(): BrokerSubscriptionInfo {
    const { settings, local, remote, subscribers } = this.#parts
    const parties = {
      settings,
      localBrokerId: local.brokerId,
      localBrokerName: local.brokerName,
      remoteBrokerId: remote.brokerId,
      remoteBrokerName: remote.brokerName,
    }
    return buildSubscriptionInfo(parties, subscribers())
  }

  #synchronize(info: BrokerSubscriptionInfo): void {
    if (!this.#hasBegun) this.#toldEarly = info
    else if (hearsSubscriptions(this.#parts.settings)) this.#apply(this.#demand.synchronize(info))
  }

  #close(): void {
    this.#ended = true
    this.#demand.close()
    this.#near.close()
    this.#intake?.close()
    this.#parts.far.close()
  }

  #nearClientId(what: string): string {
    const { settings, local, remote } = this.#parts
    return [settings.name, remote.brokerName, what, local.brokerName].join(settings.clientIdToken)
  }

  #answered(delivery: Delivery, refusal: Throwable | null): void {
    if (this.#ended) return
    if (refusal === null) {
      this.#forwarded++
      return this.#near.settle(delivery, 'accepted')
    }
    const cause = refusalText(refusal)
    // Whoever waited for it has gone, and would not come back.
    if (isTemporary(delivery.destination)) return this.#near.settle(delivery, 'rejected', cause)
    this.failed(new Error(`The other broker refused a message to ${delivery.destination.name}: ${cause}`))
  }

  #advised(message: MessageCommand | null): void {
    if (!message) return
    this.#heard(message.dataStructure)
    this.#acknowledgeAdvisory(message)
  }

  #heard(structure: DataStructure | null): void {
    this.#apply(this.#demand.heard(structure))
  }

  /** ActiveMQ: one acknowledgement for all since the last one, each time that so many have come. */
  #acknowledgeAdvisory(message: MessageCommand): void {
    const { settings, far } = this.#parts
    const count = ++this.#advisoriesUnacknowledged
    if (count <= (advisoryPrefetch(settings) * settings.advisoryAckPercentage) / 100) return
    this.#advisoriesUnacknowledged = 0
    far.send(
      buildAcknowledgement({
        type: acknowledgementTypes.standard,
        consumerId: farConsumerId(this.#farConnectionId),
        destination: message.destination,
        transactionId: null,
        first: null,
        last: message.messageId,
        count,
      }),
    )
  }

  #apply(changes: readonly DemandChange[]): void {
    for (const change of changes) {
      if (this.#ended) return
      try {
        this.#applyOne(change)
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error
        this.consumerRefused(error)
      }
    }
  }

  #applyOne(change: DemandChange): void {
    switch (change.kind) {
      case 'add':
        return this.#near.addConsumer(
          change.demand.info,
          this.#termsOf(change.demand),
          this.#demandTermsOf(change.demand),
        )
      case 'remove':
        return this.#near.removeConsumer(change.demand.info, change.unsubscribes)
      case 'unsubscribe':
        return this.#near.removeSubscription(change.subscriptionName)
      case 'addDestination':
        return this.#near.addDestination(change.destination, change.info)
      case 'removeDestination':
        return this.#near.removeDestination(change.destination)
      case 'refused':
        this.#limitReached(change.limit)
        this.#parts.logger.warn('Demand of the other broker counts for nothing', { cause: change.reason })
    }
  }

  #limitReached(limit: unknown): void {
    if (typeof limit === 'string') this.#parts.limitReached?.(limit, this.#parts.remote)
  }

  /** The other broker bridges by the same settings. */
  #demandTermsOf({ advisory, destination }: Demand): DemandTerms | undefined {
    const { settings, remote } = this.#parts
    return advisory && isDemandOnly(destination) ? demandTermsOf(settings, remote.brokerId) : undefined
  }

  #termsOf(demand: Demand): NetworkOptions['filter'] {
    const { settings, remote, far } = this.#parts
    return {
      brokerId: remote.brokerId,
      messageTTL: settings.messageTTL,
      takesBack: !demand.forNobody,
      permits: (destination) => this.#demand.carries(demand, destination),
      ...(far.provider !== ownProvider && { returnGraceMs }),
    }
  }
}

const isMessage = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')
