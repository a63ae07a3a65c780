// The structures that advisories carry: what an OpenWire client announced of itself is repeated as it came; of all others they
// are made from what the region knows.
import { buildConnectionInfo, buildConsumerInfo, buildProducerInfo } from '../openwire/build-commands.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import { parseConsumerId, parseProducerId } from '../openwire/id-text.ts'
import type {
  ConnectionOptions,
  ConsumerIdText,
  ConsumerOptions,
  ProducerIdText,
  ProducerOptions,
} from '../region/region.ts'
import type {
  ConnectionInfo,
  ConsumerId,
  ConsumerInfo,
  DataStructure,
  ProducerId,
  ProducerInfo,
} from '../wire/openwire/commands.ts'

export const connectionInfoOf = (options: ConnectionOptions): ConnectionInfo =>
  announced(options, 'ConnectionInfo') ?? {
    ...buildConnectionInfo({
      connectionId: options.connectionId,
      clientId: options.clientId,
      userName: null,
      password: '',
      faultTolerant: false,
    }),
    failoverReconnect: options.failoverReconnect,
  }

export const consumerInfoOf = (options: ConsumerOptions, clientId: string | null): ConsumerInfo =>
  announced(options, 'ConsumerInfo') ??
  buildConsumerInfo({
    consumerId: consumerIdOf(options.consumerId),
    destination: structureOf(options.destination),
    prefetchSize: options.prefetchSize,
    maximumPendingMessageLimit: options.maximumPendingMessageLimit,
    browser: options.browser,
    selector: options.selector,
    clientId,
    subscriptionName: options.subscriptionName,
    noLocal: options.noLocal,
    exclusive: options.exclusive,
    priority: options.priority,
  })

export const producerInfoOf = (options: ProducerOptions): ProducerInfo =>
  announced(options, 'ProducerInfo') ??
  buildProducerInfo(producerIdOf(options.producerId), options.destination && structureOf(options.destination))

export function consumerIdOf(id: ConsumerIdText, options?: ConsumerOptions): ConsumerId {
  const theirs = options && announced(options, 'ConsumerInfo')?.consumerId
  if (theirs) return theirs
  const parsed = parseConsumerId(id)
  return isWhole(parsed) ? parsed : { kind: 'ConsumerId', connectionId: id, sessionId: 0, value: 0 }
}

export function producerIdOf(id: ProducerIdText, options?: ProducerOptions): ProducerId {
  const theirs = options && announced(options, 'ProducerInfo')?.producerId
  if (theirs) return theirs
  const parsed = parseProducerId(id)
  return isWhole(parsed) ? parsed : { kind: 'ProducerId', connectionId: id, sessionId: 0, value: 0 }
}

type Structure<Kind> = Extract<DataStructure, { readonly kind: Kind }>

/** What an OpenWire client said; undefined when another protocol's did. */
function announced<Kind extends DataStructure['kind']>(
  { announcement }: { readonly announcement?: object | undefined },
  kind: Kind,
): Structure<Kind> | undefined {
  return announcement && 'kind' in announcement && announcement.kind === kind
    ? (announcement as Structure<Kind>)
    : undefined
}

/** False for ids that another protocol made up in another form than OpenWire's. */
const isWhole = ({ connectionId, sessionId, value }: ConsumerId | ProducerId): boolean =>
  connectionId !== '' && Number.isSafeInteger(sessionId) && Number.isSafeInteger(value)
