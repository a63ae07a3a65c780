// The settings of a bridge as one broker tells them to the other: networkProperties of BrokerInfo, a text of java.util.Properties with
// the names of the properties of ActiveMQ's NetworkBridgeConfiguration. The one that accepts a duplex bridge forwards by them, the one
// of a one-way bridge needs those that syncDurableSubs asks for.
//
// Written so that ActiveMQ reads it (IntrospectionSupport.setProperties), lists of destinations as its
// StringToListOfActiveMQDestinationConverter has them: `[queue://A, topic://B?forceDurable=true]`. Read from whoever says to be a broker:
// unknown names mean nothing, what is no such value is refused with the reason.
import { FormatError } from '../base/format-error.ts'
import { advisoryPrefix, destinationKey, parseDestination, withoutOptions } from '../message/destination.ts'
import { formatJavaProperties, parseJavaProperties } from '../openwire/java-properties.ts'
import type { BridgeSettings, NamedDestination } from './connector-settings.ts'
import { maxListedDestinations, maxNetworkProperties, maxNetworkPropertiesLength, maxPropertyLength } from './limits.ts'

export type ParsedNetworkProperties =
  | { readonly ok: true; readonly settings: BridgeSettings }
  /** Completes "Cannot …: ". */
  | { readonly ok: false; readonly reason: string }

/** Never throws. What is not said is as ActiveMQ has it by default. */
export function parseNetworkProperties(text: string | null): ParsedNetworkProperties {
  try {
    return { ok: true, settings: settingsOf(propertiesOf(text ?? '')) }
  } catch (error) {
    if (error instanceof NetworkPropertiesError) return { ok: false, reason: error.message }
    throw error
  }
}

/** `broker`: the one that tells it. `more`: what is no setting of ActiveMQ's. */
export function formatNetworkProperties(
  settings: BridgeSettings,
  { brokerName, brokerUrl }: { readonly brokerName: string; readonly brokerUrl: string },
  nowMs: number,
  more: Iterable<readonly [string, string]> = [],
): string {
  const entries: [string, string][] = [
    ['brokerName', brokerName],
    ['brokerURL', brokerUrl],
  ]
  for (const name of names) {
    const value = formatted(name, settings)
    if (value !== null) entries.push([name, value])
  }
  return formatJavaProperties([...entries, ...more], nowMs)
}

/** What ActiveMQ makes of the attribute destinationFilter: the prefix of consumer advisories may be left out. */
export const advisoryFilter = (given: string): string =>
  given.startsWith(consumerAdvisories) ? given : `${consumerAdvisories}${given}`

class NetworkPropertiesError extends FormatError {
  constructor(message: string) {
    super('NETWORK_PROPERTIES', message)
  }
}

const consumerAdvisories = `${advisoryPrefix}Consumer.`

interface Property<T> {
  readonly fallback: T
  /** undefined when it is no such value. */
  readonly parse: (text: string) => T | undefined
  /** null: it is not told. */
  readonly format: (value: T) => string | null
  readonly accepts: string
}

const flag = (fallback: boolean): Property<boolean> => ({
  fallback,
  parse: (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined),
  format: String,
  accepts: 'true or false',
})

const largestInteger = 2 ** 31 - 1

const integer = (fallback: number, minimum: number, maximum = largestInteger): Property<number> => ({
  fallback,
  parse: (text) => {
    const value = /^[+-]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return value >= minimum && value <= maximum ? value : undefined
  },
  format: String,
  accepts: `a whole number from ${minimum} to ${maximum}`,
})

const isShortText = (text: string): boolean => text.length <= maxPropertyLength && !/\p{Cc}/u.test(text)

const shortText = (fallback: string, accepts: string, isAccepted = (_given: string) => true): Property<string> => ({
  fallback,
  parse: (given) => (isShortText(given) && isAccepted(given) ? given : undefined),
  format: (value) => value,
  accepts,
})

const optionalText = (change = (given: string) => given): Property<string | null> => ({
  fallback: null,
  parse: (given) => (given.length <= maxNetworkPropertiesLength && !/\p{Cc}/u.test(given) ? change(given) : undefined),
  format: (value) => value,
  accepts: 'a text without control characters',
})

const credential: Property<string | null> = {
  ...optionalText(),
  parse: (given) => (isShortText(given) ? given : undefined),
  accepts: `a text of at most ${maxPropertyLength} characters without control characters`,
}

const destinations: Property<readonly NamedDestination[]> = {
  fallback: [],
  parse: (given) => {
    const inner = /^\[(.*)\]$/s.exec(given)?.[1]
    if (inner === undefined) return undefined
    const list = inner.trim() === '' ? [] : inner.split(',').map(namedDestination)
    return list.length <= maxListedDestinations && list.every(({ destination: { name } }) => isDestinationName(name))
      ? list
      : undefined
  },
  format: (list) => (list.length === 0 ? null : `[${list.map(textOf).join(', ')}]`),
  accepts: `at most ${maxListedDestinations} destinations as in [queue://A, topic://B]`,
}

const properties: { readonly [Name in keyof BridgeSettings]: Property<BridgeSettings[Name]> } = {
  name: shortText('NC', `a text of 1 to ${maxPropertyLength} characters`, (given) => given.trim() !== ''),
  duplex: flag(false),
  staticBridge: flag(false),
  dynamicOnly: flag(false),
  conduitSubscriptions: flag(true),
  conduitNetworkQueueSubscriptions: flag(false),
  decreaseNetworkConsumerPriority: flag(true),
  consumerPriorityBase: integer(-5, -128, 127),
  messageTTL: integer(1, -1),
  consumerTTL: integer(1, -1),
  prefetchSize: integer(1000, 1),
  advisoryPrefetchSize: integer(0, 0),
  advisoryAckPercentage: integer(75, 1, 100),
  suppressDuplicateQueueSubscriptions: flag(false),
  suppressDuplicateTopicSubscriptions: flag(true),
  bridgeTempDestinations: flag(true),
  alwaysSyncSend: flag(true),
  dispatchAsync: flag(true),
  useCompression: flag(false),
  userName: credential,
  password: credential,
  remoteUserName: credential,
  remotePassword: credential,
  destinationFilter: optionalText(advisoryFilter),
  excludedDestinations: destinations,
  staticallyIncludedDestinations: destinations,
  dynamicallyIncludedDestinations: destinations,
  useVirtualDestSubs: flag(false),
  syncDurableSubs: flag(false),
  checkDuplicateMessagesOnDuplex: flag(false),
  advisoryForFailedForward: flag(false),
  clientIdToken: shortText('_', `a text of at most ${maxPropertyLength} characters`),
}

const names = Object.keys(properties) as (keyof BridgeSettings)[]

function propertiesOf(given: string): ReadonlyMap<string, string> {
  if (given.length > maxNetworkPropertiesLength)
    throw new NetworkPropertiesError(
      `its networkProperties have ${given.length} characters, the most is ${maxNetworkPropertiesLength}`,
    )
  const found = parseJavaProperties(given)
  if (found.size > maxNetworkProperties)
    throw new NetworkPropertiesError(`its networkProperties are ${found.size}, the most is ${maxNetworkProperties}`)
  return withBothTTLs(found)
}

/** networkTTL sets both others. */
function withBothTTLs(given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const networkTTL = given.get('networkTTL')
  return networkTTL === undefined ? given : new Map([['messageTTL', networkTTL], ['consumerTTL', networkTTL], ...given])
}

function settingsOf(given: ReadonlyMap<string, string>): BridgeSettings {
  const settings: Partial<Record<keyof BridgeSettings, unknown>> = {}
  for (const name of names) {
    const { fallback, parse, accepts } = properties[name]
    const found = given.get(name)
    const value = found === undefined ? fallback : parse(found)
    if (value === undefined)
      throw new NetworkPropertiesError(`its ${name} is ${shown(name, found!)}, accepted is ${accepts}`)
    settings[name] = value
  }
  return settings as BridgeSettings
}

/** Each with its own type: all of them together have none that the compiler could see. */
const formatted = (name: keyof BridgeSettings, settings: BridgeSettings): string | null =>
  (properties[name] as Property<unknown>).format(settings[name])

function namedDestination(given: string): NamedDestination {
  const named = parseDestination(given)
  const name = withoutOptions(named.name)
  const options = named.name.slice(name.length + 1).split('&')
  return { destination: { kind: named.kind, name: name.trim() }, forceDurable: options.includes('forceDurable=true') }
}

const textOf = ({ destination, forceDurable }: NamedDestination): string =>
  `${destinationKey(destination)}${forceDurable ? '?forceDurable=true' : ''}`

const isDestinationName = (name: string): boolean => name !== '' && isShortText(name)

const longestShown = 80

const shown = (name: string, given: string): string =>
  /password$/i.test(name) ? 'another one' : JSON.stringify(given.slice(0, longestShown))
