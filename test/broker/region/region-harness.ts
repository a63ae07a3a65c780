// A region with a memory store, a clock that stands still, and clients that write down what they are given.
import type { RefusalError } from '../../../broker/base/errors.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { silentLogger, type LogFields, type Logger } from '../../../broker/base/logger.ts'
import type { NetworkFilterPolicy } from '../../../broker/destination/network/network-filter-policy.ts'
import type { DispatchPolicy } from '../../../broker/destination/queue/dispatch-policy.ts'
import type { PolicyEntry } from '../../../broker/routing/policy-map.ts'
import type { BrokerRedeliveryConfig } from '../../../broker/destination/broker-redelivery.ts'
import type { DeadLetterPolicy } from '../../../broker/destination/dead-letter-strategies.ts'
import type { RecoveryPolicyEntry } from '../../../broker/destination/topic/recovery/recovery-policies.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import { destinationKey, parseDestination } from '../../../broker/message/destination.ts'
import type { Message } from '../../../broker/message/message.ts'
import type { ExpiryPolicy } from '../../../broker/region/expiry-sweeps.ts'
import type { WhenNoSpace } from '../../../broker/region/flow-control.ts'
import type { InactiveDestinationsPolicy } from '../../../broker/region/inactive-destinations.ts'
import type { PriorityPolicy } from '../../../broker/region/priority-policy.ts'
import { createRegion, type DeliveryPolicy } from '../../../broker/region/region-broker.ts'
import type {
  ConnectionPort,
  ConsumerOptions,
  Delivery,
  Region,
  RegionConnection,
  RegionListener,
} from '../../../broker/region/region.ts'
import type { VirtualDestination } from '../../../broker/routing/virtual-destination.ts'
import type { AcknowledgementTypeName } from '../../../broker/openwire/acknowledgement-types.ts'
import { lastSeenOf } from '../../../broker/session/openwire/last-seen.ts'
import type { MessageStore, RecoveredState, Sequence, StoreOwner } from '../../../broker/store/message-store.ts'
import { javaClassOf } from '../../../broker/session/openwire/java-class.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { acknowledgementNamed, type AcknowledgementFields } from '../../support/acknowledgement.ts'
import { testMessage } from '../../support/test-message.ts'
import type { TestMessageOptions } from '../../support/test-message.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import type { TestTempStore } from '../../support/test-temp-store.ts'

export interface HarnessOptions {
  readonly brokerId?: string
  readonly memoryLimit?: number
  readonly whenNoSpace?: WhenNoSpace
  readonly store?: MessageStore
  /** Default: what finds no room in memory waits. */
  readonly temp?: TestTempStore
  /** Of the store; default: nobody else wants it. */
  readonly owner?: StoreOwner
  readonly recovered?: RecoveredState
  readonly concurrentStoreAndDispatchQueues?: boolean
  readonly virtualDestinations?: readonly VirtualDestination[]
  readonly inactiveDestinations?: InactiveDestinationsPolicy
  readonly redelivery?: BrokerRedeliveryConfig
  readonly dispatchPolicies?: readonly (PolicyEntry & DispatchPolicy)[]
  readonly networkFilterPolicies?: readonly (PolicyEntry & NetworkFilterPolicy)[]
  readonly deadLetterPolicies?: readonly DeadLetterPolicy[]
  readonly expiryPolicies?: readonly ExpiryPolicy[]
  readonly recoveryPolicies?: readonly RecoveryPolicyEntry[]
  readonly deliveryPolicies?: readonly DeliveryPolicy[]
  readonly priorityPolicies?: readonly PriorityPolicy[]
  readonly deadLetter?: { queue: string; processExpired: boolean; processNonPersistent: boolean }
}

export interface TestConnection {
  readonly connectionId?: string
  readonly clientId?: string
  readonly failoverReconnect?: boolean
  /** Another broker's bridge. */
  readonly network?: boolean
}

export class RegionHarness {
  readonly clock = new ManualClock()
  readonly store: MessageStore
  readonly region: Region
  readonly events: string[] = []
  /** What was logged as a warning. */
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[] = []
  /** What was logged as an error. */
  readonly errors: string[] = []
  #connections = 0

  static async start(options: HarnessOptions = {}): Promise<RegionHarness> {
    const store = options.store ?? new MemoryStore()
    const recovered = await store.open(options.owner ?? soleOwner(1))
    return new RegionHarness(store, { recovered, ...options })
  }

  private constructor(store: MessageStore, options: HarnessOptions) {
    this.store = store
    const logger: Logger = {
      ...silentLogger,
      warn: (message, fields) => void this.logged.push({ message, fields }),
      error: (message) => void this.errors.push(message),
    }
    this.region = createRegion({
      store,
      temp: options.temp ?? null,
      clock: this.clock,
      logger,
      memoryLimit: options.memoryLimit ?? 2 ** 30,
      concurrentStoreAndDispatchQueues: options.concurrentStoreAndDispatchQueues ?? false,
      ...(options.virtualDestinations && { virtualDestinations: options.virtualDestinations }),
      ...(options.inactiveDestinations && { inactiveDestinations: options.inactiveDestinations }),
      ...(options.whenNoSpace && { whenNoSpace: options.whenNoSpace }),
      deadLetter: options.deadLetter ?? { queue: 'ActiveMQ.DLQ', processExpired: true, processNonPersistent: false },
      ...(options.redelivery && { redelivery: options.redelivery }),
      ...(options.dispatchPolicies && { dispatchPolicies: options.dispatchPolicies }),
      ...(options.brokerId !== undefined && { brokerId: options.brokerId }),
      ...(options.networkFilterPolicies && { networkFilterPolicies: options.networkFilterPolicies }),
      ...(options.deadLetterPolicies && { deadLetterPolicies: options.deadLetterPolicies }),
      ...(options.expiryPolicies && { expiryPolicies: options.expiryPolicies }),
      ...(options.recoveryPolicies && { recoveryPolicies: options.recoveryPolicies }),
      ...(options.deliveryPolicies && { deliveryPolicies: options.deliveryPolicies }),
      ...(options.priorityPolicies && { priorityPolicies: options.priorityPolicies }),
      listeners: [this.#listener()],
    })
    this.region.recover(options.recovered!)
  }

  connect(options: TestConnection = {}): TestClient {
    return new TestClient(this, options.connectionId ?? `ID:client-${++this.#connections}`, options)
  }

  /** Lets the store's callbacks and reads run. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }

  /** Size, in flight, enqueued and so on of one destination. */
  of(destination: string): ReturnType<Region['statistics']>[number] {
    const wanted = parseDestination(destination)
    return this.region.statistics().find(({ name, kind }) => name === wanted.name && kind === wanted.kind)!
  }

  #listener(): RegionListener {
    const note = (text: string): void => void this.events.push(text)
    const key = (destination: Destination | null): string => (destination ? destinationKey(destination) : 'anonymous')
    return {
      connectionAdded() {},
      connectionRemoved() {},
      destinationAdded: (destination, owner) => note(`destinationAdded ${key(destination)} ${owner ?? '-'}`),
      destinationRemoved: (destination) => note(`destinationRemoved ${key(destination)}`),
      consumerAdded: (_options, _connection, destination, count) => note(`consumerAdded ${key(destination)} ${count}`),
      consumerRemoved: (_consumer, destination, count) => note(`consumerRemoved ${key(destination)} ${count}`),
      subscriptionRemoved: ({ clientId, subscriptionName }, connectionId, destination, count) =>
        note(`subscriptionRemoved ${clientId} ${subscriptionName} ${connectionId} ${key(destination)} ${count}`),
      producerAdded: (_producer, destination, count) => note(`producerAdded ${key(destination)} ${count}`),
      producerRemoved: (_producer, destination, count) => note(`producerRemoved ${key(destination)} ${count}`),
      messageExpired: (_message, destination) => note(`messageExpired ${key(destination)}`),
      messageDeadLettered: (_message, destination, cause) => note(`messageDeadLettered ${key(destination)} ${cause}`),
    }
  }
}

export type TestSend = Partial<Omit<TestMessageOptions, 'destination'>> & {
  readonly transactionId?: string
}

/** Answers `true`, or the error that was thrown or handed to `done`, as an OpenWire client sees it; `pending` before that. */
export type Outcome = { state: 'pending' } | { state: 'done' } | { state: 'failed'; className: string; message: string }

export class TestClient {
  readonly id: string
  readonly connection: RegionConnection
  /** `pause` and `resume`, in order. */
  readonly flow: string[] = []
  awaitsAnswers = false
  readonly #consumers = new Map<string, TestConsumer>()
  #sequence = 0

  constructor(harness: RegionHarness, id: string, options: TestConnection) {
    const { clientId = id, failoverReconnect = false, network = false } = options
    this.id = id
    const awaitsAnswers = (): boolean => this.awaitsAnswers
    const port: ConnectionPort = {
      get awaitsAnswers() {
        return awaitsAnswers()
      },
      deliver: (delivery) => this.#consumers.get(delivery.consumerId)!.deliveries.push(delivery),
      deliverNothing: (consumerId) => void this.#consumers.get(consumerId)!.nothings++,
      pause: () => void this.flow.push('pause'),
      resume: () => void this.flow.push('resume'),
    }
    this.connection = harness.region.connect({ connectionId: id, clientId, failoverReconnect, network }, port)
  }

  consume(destination: string, options: Partial<ConsumerOptions> = {}): TestConsumer {
    const consumerId = options.consumerId ?? `${this.id}:1:${this.#consumers.size + 1}`
    const consumer = new TestConsumer(this, consumerId, (options.subscriptionName ?? null) !== null)
    this.#consumers.set(consumerId, consumer)
    this.connection.addConsumer({
      consumerId,
      destination: parseDestination(destination),
      prefetchSize: 1000,
      priority: 0,
      exclusive: false,
      noLocal: false,
      maximumPendingMessageLimit: 0,
      selector: null,
      browser: false,
      subscriptionName: null,
      ...options,
    })
    return consumer
  }

  message(destination: string, options: TestSend = {}): Message {
    return testMessage({
      destination: parseDestination(destination),
      producerId: `${this.id}:1:1`,
      producerSequenceId: ++this.#sequence,
      ...options,
    })
  }

  send(destination: string, options: TestSend = {}): Outcome {
    const message = this.message(destination, options)
    return this.outcome((done) => this.connection.send(message, options.transactionId ?? null, done))
  }

  /** What came of a call, kept up to date. */
  outcome(call: (done: (error?: RefusalError) => void) => void): Outcome {
    const outcome: { state: string; className?: string; message?: string } = { state: 'pending' }
    const finish = (error?: RefusalError): void => {
      if (outcome.state !== 'pending') throw new Error('done was called twice')
      if (error) Object.assign(outcome, { state: 'failed', className: javaClassOf(error.code), message: error.message })
      else outcome.state = 'done'
    }
    try {
      call(finish)
    } catch (error) {
      finish(error as RefusalError)
    }
    return outcome as Outcome
  }
}

export class TestConsumer {
  readonly client: TestClient
  readonly consumerId: string
  readonly deliveries: Delivery[] = []
  readonly durable: boolean
  nothings = 0

  constructor(client: TestClient, consumerId: string, durable: boolean) {
    this.durable = durable
    this.client = client
    this.consumerId = consumerId
  }

  /** producerSequenceIds in order of delivery. */
  get received(): number[] {
    return this.deliveries.map(({ message }) => message.producerSequenceId)
  }

  /** Acknowledges as an OpenWire client would: the range between two deliveries, by their index; `first` null = from the oldest. */
  acknowledge(
    type: AcknowledgementTypeName,
    first: number | null,
    last: number,
    options: Partial<AcknowledgementFields> = {},
  ): Outcome {
    const reference = (index: number): { messageId: string; sequence: Sequence } => ({
      messageId: this.deliveries[index]!.message.messageId,
      sequence: this.deliveries[index]!.sequence,
    })
    const acknowledgement = acknowledgementNamed(type, {
      consumerId: this.consumerId,
      first: first === null ? null : reference(first),
      last: reference(last),
      messageCount: last - (first ?? 0) + 1,
      ...options,
    })
    return this.client.outcome((done) =>
      acknowledgement ? this.client.connection.acknowledge(acknowledgement, done) : done(),
    )
  }

  close(lastDelivered = -2): void {
    this.client.connection.removeConsumer(this.consumerId, lastSeenOf(lastDelivered, this.durable))
  }
}
