// The near end of a bridge: a connection to this broker's region, in process. Its consumers are the demand of the other broker;
// what they are given is forwarded, and acknowledged here once the other broker has it.
//
// The region must not be called back while it delivers: what is settled then is collected and told at the end of the task, so
// that the answers of one read are also one turn of acknowledgements.
import { RefusalError } from '../base/errors.ts'
import { consumerIdText } from '../openwire/id-text.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import type { NetworkOptions } from '../destination/subscription/subscription.ts'
import type { DemandTerms } from '../message/demand-terms.ts'
import type { Destination } from '../message/destination.ts'
import type {
  ConnectionOptions,
  ConnectionPort,
  ConsumerIdText,
  Delivery,
  Outcome,
  Region,
  RegionConnection,
} from '../region/region.ts'
import type { ConsumerInfo, DestinationInfo } from '../wire/openwire/commands.ts'
import type { DurableNetworkSubscription } from './demand/demand-table.ts'

const subscriptionsPerPage = 1000

export interface NearEndPeer {
  readonly congested: boolean
  /** Called from within the region. Each delivery is settled once, later, unless the bridge ends before. */
  forward(delivery: Delivery): void
  /** A consumer that had to wait for another one to leave cannot be. */
  consumerRefused(error: RefusalError): void
}

interface Settled {
  readonly delivery: Delivery
  readonly outcome: Outcome
  readonly cause: string | null
}

interface Successor {
  readonly info: ConsumerInfo
  readonly add: () => void
}

export class NearEnd {
  readonly #region: RegionConnection
  readonly #peer: NearEndPeer
  readonly #subscriptionsPage: Region['subscriptionsPage']
  readonly #clientId: string
  /** Deliveries of each consumer that are not settled. */
  readonly #unsettled = new Map<ConsumerIdText, number>()
  /** Consumers that go when all of theirs is settled. */
  readonly #leaving = new Map<ConsumerIdText, () => void>()
  /** Durable subscriptions whose consumers are among these, and what comes into their place. */
  readonly #successors = new Map<string, Successor | null>()
  #settled: Settled[] = []
  #closed = false

  constructor(region: Region, options: Pick<ConnectionOptions, 'connectionId' | 'clientId'>, peer: NearEndPeer) {
    this.#clientId = options.clientId
    this.#peer = peer
    this.#subscriptionsPage = (after, limit) => region.subscriptionsPage(after, limit)
    this.#region = region.connect({ ...options, failoverReconnect: false, network: true }, this.#port(peer))
  }

  /** Those that there are, without such as are on their way out. */
  get consumers(): number {
    return this.#unsettled.size - this.#leaving.size
  }

  /**
   * A durable one waits for an earlier one of its name that is leaving. `demandTerms`: of the other broker, when it listens to advisories.
   * @throws {RefusalError}
   */
  addConsumer(info: ConsumerInfo, filter: NetworkOptions['filter'], demandTerms?: DemandTerms): void {
    if (info.subscriptionName !== null && this.#successors.has(info.subscriptionName))
      this.#successors.set(info.subscriptionName, { info, add: () => this.#addConsumer(info, filter, demandTerms) })
    else this.#addConsumer(info, filter, demandTerms)
  }

  /** Nothing more is forwarded for it; it goes when what is under way is settled. */
  removeConsumer(info: ConsumerInfo, unsubscribes: boolean): void {
    const { subscriptionName } = info
    const consumerId = consumerIdText(info.consumerId!)
    if (subscriptionName !== null && this.#successors.get(subscriptionName)?.info === info)
      this.#successors.set(subscriptionName, null)
    if (!this.#unsettled.has(consumerId)) return
    const leave = (): void => {
      this.#unsettled.delete(consumerId)
      this.#leaving.delete(consumerId)
      this.#region.removeConsumer(consumerId, 'unknown')
      if (unsubscribes && subscriptionName !== null) this.removeSubscription(subscriptionName)
      if (subscriptionName !== null) this.#succeed(subscriptionName)
    }
    if (this.#unsettled.get(consumerId) === 0) return leave()
    if (subscriptionName !== null) this.#successors.set(subscriptionName, null)
    this.#leaving.set(consumerId, leave)
    this.#region.setPrefetch(consumerId, 0)
  }

  /** `announcement`: as other brokers are told of it. */
  addDestination(destination: Destination, announcement: DestinationInfo): void {
    this.#region.addDestination(destination, announcement)
  }

  removeDestination(destination: Destination): void {
    this.#region.removeDestination(destination)
  }

  /** Those that bridges of this name have left here. */
  durableSubscriptions(): DurableNetworkSubscription[] {
    const found: DurableNetworkSubscription[] = []
    for (let after = 0; ;) {
      const { items, next } = this.#subscriptionsPage(after, subscriptionsPerPage)
      for (const { clientId, subscriptionName, topic } of items)
        if (clientId === this.#clientId) found.push({ subscriptionName, destination: { kind: 'topic', name: topic } })
      if (next === null) return found
      after = next
    }
  }

  /** Of a durable subscription that has no consumer. */
  removeSubscription(subscriptionName: string): void {
    this.#region.removeSubscription(this.#clientId, subscriptionName)
  }

  /** What became of a delivery at the other broker. May be called from within `forward`. */
  settle(delivery: Delivery, outcome: 'accepted' | 'rejected', cause: string | null = null): void {
    if (this.#settled.length === 0) queueMicrotask(() => this.#tellSettled())
    this.#settled.push({ delivery, outcome, cause })
  }

  /** The far end takes messages again. */
  dispatch(): void {
    if (!this.#closed) this.#region.dispatch()
  }

  /** What is not settled goes back to where it came from. */
  close(): void {
    if (this.#closed) return
    this.#tellSettled()
    this.#closed = true
    this.#region.close()
  }

  #addConsumer(info: ConsumerInfo, filter: NetworkOptions['filter'], demandTerms: DemandTerms | undefined): void {
    const consumerId = consumerIdText(info.consumerId!)
    this.#unsettled.set(consumerId, 0)
    try {
      this.#region.addConsumer({
        consumerId,
        destination: destinationOf(info.destination!),
        prefetchSize: info.prefetchSize,
        priority: info.priority,
        exclusive: false,
        noLocal: info.noLocal,
        maximumPendingMessageLimit: info.maximumPendingMessageLimit,
        selector: info.selector,
        browser: false,
        subscriptionName: info.subscriptionName,
        demandTerms,
        announcement: info,
        network: { brokerPath: (info.brokerPath ?? []).flatMap((id) => (id?.value ? [id.value] : [])), filter },
      })
    } catch (error) {
      this.#unsettled.delete(consumerId)
      throw error
    }
  }

  #succeed(subscriptionName: string): void {
    const successor = this.#successors.get(subscriptionName)
    this.#successors.delete(subscriptionName)
    try {
      successor?.add()
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      this.#peer.consumerRefused(error)
    }
  }

  #tellSettled(): void {
    const settled = this.#settled
    this.#settled = []
    if (this.#closed) return
    for (const { delivery, outcome, cause } of settled) this.#tell(delivery, outcome, cause)
  }

  #tell(delivery: Delivery, outcome: Outcome, cause: string | null): void {
    const { consumerId, sequence, message } = delivery
    if (!this.#unsettled.has(consumerId)) return
    const last = {
      sequence,
      get messageId() {
        return message.messageId
      },
    }
    const one = { scope: 'single', first: null, last, messageCount: 1, credit: 0 } as const
    this.#region.acknowledge(
      { ...one, outcome, consumerId, cause, transactionId: null, responseRequired: false },
      () => {},
    )
    // Only now: the acknowledgement has let in what comes next.
    const unsettled = this.#unsettled.get(consumerId)! - 1
    this.#unsettled.set(consumerId, unsettled)
    if (unsettled === 0) this.#leaving.get(consumerId)?.()
  }

  #port(peer: NearEndPeer): ConnectionPort {
    return {
      deliver: (delivery) => {
        this.#unsettled.set(delivery.consumerId, (this.#unsettled.get(delivery.consumerId) ?? 0) + 1)
        peer.forward(delivery)
      },
      deliverNothing: () => {},
      pause: () => {},
      resume: () => {},
      get congested() {
        return peer.congested
      },
    }
  }
}
