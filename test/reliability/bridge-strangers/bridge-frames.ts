// What a stranger sends that says to be a broker: advisories of consumers and destinations that there are or are not, messages with and
// without paths, answers that nobody waits for, and who it is, again and again. Most of it is what a broker could say, with some lie in it.
import type { Random } from '../../../broker/base/random.ts'
import { buildMessage } from '../../../broker/message/build-message.ts'
import {
  buildBrokerInfo,
  buildConnectionControl,
  buildConnectionError,
  buildDestinationInfo,
  buildExceptionResponse,
  buildKeepAlive,
  buildRemoveInfo,
  buildRemoveSubscription,
  buildResponse,
  buildShutdownInfo,
} from '../../../broker/openwire/build-commands.ts'
import type {
  BrokerId,
  BrokerInfo,
  ConsumerId,
  ConsumerInfo,
  DataStructure,
  MessageCommand,
} from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf, nestedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import { buildThrowable } from '../../../broker/wire/openwire/throwable.ts'
import { StrangerCommands, type StrangerIds } from '../stranger-frames.ts'

export interface BridgeRole {
  /** It has dialled: its messages come from producers of its own, its advisories are no dispatches. */
  readonly dials: boolean
}

const advisoryTopics = [
  'ActiveMQ.Advisory.Consumer.Queue.strangers.Q.1',
  'ActiveMQ.Advisory.Consumer.Topic.strangers.T.1',
  'ActiveMQ.Advisory.TempQueue',
  'ActiveMQ.Advisory.TempTopic',
  'ActiveMQ.Advisory.VirtualDestination.Consumer.Queue.strangers.Q.1',
  'ActiveMQ.Advisory.Connection',
  'ActiveMQ.Advisory.',
]
const properties = [
  '#\nname=NC\n',
  '#\nname=NC\nnetworkTTL=-1\nconduitSubscriptions=false\nsyncDurableSubs=true\n',
  '#\nname=other\nprefetchSize=2147483647\nconsumerTTL=-1\nsuppressDuplicateQueueSubscriptions=true\nuseCompression=true\n',
  '#\nname=\nprefetchSize=0\n',
  'name',
  '#\nstaticallyIncludedDestinations=[queue://strangers.>, topic://strangers.T.*?forceDurable=true]\n',
  `#\nexcludedDestinations=[${Array.from({ length: 500 }, (_, index) => `queue://X${index}`).join(',')}]\n`,
  `#\nname=${'n'.repeat(2000)}\n`,
  `#\n${Array.from({ length: 300 }, (_, index) => `p${index}=1`).join('\n')}\n`,
]

export class BridgeCommands extends StrangerCommands {
  /** Ids of commands that the broker wants answered. */
  readonly awaited: number[] = []
  readonly #random: Random
  readonly #role: BridgeRole
  #sequence = 0

  constructor(random: Random, ids: StrangerIds, role: BridgeRole) {
    super(random, ids)
    this.#random = random
    this.#role = role
  }

  override next(): DataStructure {
    const roll = this.#random.next()
    if (roll < 0.45) return this.#advisory(this.#news())
    if (roll < 0.6) return this.#answer()
    if (roll < 0.75) return this.#message()
    if (roll < 0.85) return this.#role.dials ? super.next() : this.#news()
    if (roll < 0.88) return buildKeepAlive(this.#below(1000))
    if (roll < 0.9) return { ...buildKeepAlive(7), responseRequired: true }
    if (roll < 0.91) return this.#subscriptions()
    if (roll < 0.915) return this.brokerInfo()
    if (roll < 0.92)
      return this.#pick([
        buildConnectionError(lie),
        buildShutdownInfo(),
        buildConnectionControl({ connectedBrokers: ',' }),
      ])
    return super.next()
  }

  /** How it introduces itself. */
  brokerInfo(fields: Partial<BrokerInfo> = {}): BrokerInfo {
    const brokerName = this.#pick(['there', 'there', 'us', '', 'n'.repeat(300), 'a_b,c'])
    const brokerId = this.#chance(0.9) ? `ID:${this.ids.own}` : this.#pick(['ID:us', '', 'b'.repeat(300)])
    const info = buildBrokerInfo(
      { brokerName, brokerId, brokerUrl: this.#pick(['tcp://there:61616', '', 'x,y', 'u'.repeat(2000)]) },
      { networkConnection: this.#role.dials, networkProperties: this.#pick(properties) },
    )
    return { ...info, ...fields }
  }

  #news(): DataStructure {
    const roll = this.#random.next()
    if (roll < 0.55) return this.#consumer()
    if (roll < 0.75) return buildRemoveInfo(this.#consumerId())
    if (roll < 0.9) return this.#temporary()
    if (roll < 0.95) return buildRemoveSubscription(null, this.#pick(clients), this.#pick(subscriptions))
    return super.next()
  }

  #consumer(): ConsumerInfo {
    const info = this.structure('ConsumerInfo', 0) as ConsumerInfo
    const durable = this.#chance(0.2)
    return {
      ...info,
      consumerId: this.#chance(0.95) ? this.#consumerId() : info.consumerId,
      brokerPath: this.#path(),
      networkSubscription: this.#chance(0.5),
      networkConsumerPath: this.#chance(0.2) ? [this.#consumerId(), null, this.#consumerId()] : null,
      clientId: durable ? this.#pick(clients) : info.clientId,
      subscriptionName: durable ? this.#pick(subscriptions) : null,
    }
  }

  #consumerId(): ConsumerId {
    const connectionId = this.#pick(['ID:there-1', 'ID:there-2', this.ids.own, ...this.ids.foreign])
    return { kind: 'ConsumerId', connectionId, sessionId: 1, value: this.#below(20) }
  }

  #temporary(): DataStructure {
    const connectionId = this.#pick(['ID:there-1', this.ids.own, ...this.ids.foreign])
    const kind = this.#pick(['ActiveMQTempQueue', 'ActiveMQTempTopic'] as const)
    const destination = { kind, physicalName: `${connectionId}:${1 + this.#below(4)}` } as const
    const info = buildDestinationInfo(this.#pick(['add', 'add', 'remove'] as const), destination, connectionId)
    return { ...info, brokerPath: this.#path() }
  }

  #subscriptions(): DataStructure {
    const count = this.#pick([0, 1, 20, 300])
    return {
      kind: 'BrokerSubscriptionInfo',
      commandId: 0,
      responseRequired: this.#chance(0.5),
      brokerId: { kind: 'BrokerId', value: 'ID:there' },
      brokerName: 'there',
      subscriptionInfos: Array.from({ length: count }, () => this.#consumer()),
    }
  }

  #answer(): DataStructure {
    const id = this.#chance(0.8) && this.awaited.length > 0 ? this.awaited.shift()! : this.#below(300) - 5
    return this.#chance(0.98) ? buildResponse(id) : buildExceptionResponse(id, lie)
  }

  #message(): DataStructure {
    const kind = this.#pick(['ActiveMQTextMessage', 'ActiveMQBytesMessage', 'ActiveMQMessage', 'ActiveMQMapMessage'])
    return { ...this.structure(kind, 0), brokerPath: this.#path() } as DataStructure
  }

  #path(): (BrokerId | null)[] | null {
    if (this.#chance(0.6)) return null
    const ids = [
      'ID:there',
      'ID:us',
      'ID:far',
      '',
      'b'.repeat(40),
      ...Array.from({ length: 4 }, (_, index) => `ID:b${index}`),
    ]
    const length = this.#pick([0, 1, 1, 2, 3, 64, 70])
    return Array.from({ length }, () => (this.#chance(0.02) ? null : { kind: 'BrokerId', value: this.#pick(ids) }))
  }

  /** As a broker tells of it: to a consumer of ours, or over a duplex bridge of its own. */
  #advisory(news: DataStructure): DataStructure {
    const message = this.#advisoryMessage(this.#chance(0.95) ? news : null)
    if (this.#role.dials || this.#chance(0.2)) return message
    return {
      kind: 'MessageDispatch',
      commandId: 0,
      responseRequired: false,
      consumerId: this.#consumerId(),
      destination: message.destination,
      message: this.#chance(0.98) ? message : null,
      redeliveryCounter: 0,
    }
  }

  /** Without its news where these have no form that could be nested: they would not leave an encoder. */
  #advisoryMessage(news: DataStructure | null): MessageCommand {
    try {
      return messageCommandOf(
        buildMessage({
          destination: { kind: 'topic', name: this.#pick(advisoryTopics) },
          producer: { connectionId: this.ids.own, sessionId: 1, value: 1 },
          producerSequenceId: ++this.#sequence,
          type: 'Advisory',
          dataStructure: news && nestedFormOf(news),
        }).bytes,
      )
    } catch (error) {
      if (news === null) throw error
      return this.#advisoryMessage(null)
    }
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }
}

const clients = ['c1', 'c2', 'NC_there_inbound_us', '']
const subscriptions = ['s1', 's2', 'NC-DS_us_strangers.T.1', 'NC-DS_there_strangers.T.1']
const lie = buildThrowable('javax.jms.JMSException', 'no')
