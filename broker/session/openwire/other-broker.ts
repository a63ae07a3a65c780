// BrokerInfo of another broker's bridge → who it is. A stock bridge sends it once, before its ConnectionInfo; whoever does it
// otherwise is no bridge, and nothing is guessed about them (ActiveMQ: TransportConnection.processBrokerInfo, of 5.19.9 and 6.2.9).
import { FormatError } from '../../base/format-error.ts'
import { unstoredProperty } from '../../openwire/bridge-properties.ts'
import type { DemandTerms } from '../../message/demand-terms.ts'
import { parseJavaProperties } from '../../openwire/java-properties.ts'
import { maxBrokerUrlLength, maxIdLength } from '../../openwire/limits.ts'
import type { BrokerInfo } from '../../wire/openwire/commands.ts'
import type { InitiatingBroker } from './duplex-bridges.ts'

export interface OtherBroker extends InitiatingBroker {
  /** It asks for a bridge in the other direction. */
  readonly duplex: boolean
  /** `NC@ID:…`: there is one duplex bridge of each connector of each broker; null when it asks for none. */
  readonly duplexConnectorId: string | null
  /** What it sends is in no store where it comes from, and comes here for good. */
  readonly unstored: boolean
  /** Of its bridge. */
  readonly demandTerms: DemandTerms
}

/** What a network connector without a name is called (ActiveMQ: NetworkBridgeConfiguration.name). */
const unnamed = 'NC'

/** @throws {FormatError} when it does not say who it is. */
export function otherBrokerOf(info: BrokerInfo, address: string): OtherBroker {
  const brokerName = required(info.brokerName, 'brokerName')
  const brokerId = required(info.brokerId?.value ?? null, 'brokerId')
  const networkProperties = info.networkProperties ?? ''
  const properties = parseJavaProperties(networkProperties)
  const connectorName = properties.get('name') || unnamed
  const duplex = info.duplexConnection
  return {
    brokerName,
    brokerId,
    brokerUrl: info.brokerURL === null || info.brokerURL.length > maxBrokerUrlLength ? '' : info.brokerURL,
    address,
    connectorName,
    networkProperties,
    duplex,
    duplexConnectorId: duplex ? `${connectorName}@${brokerId}` : null,
    unstored: properties.get(unstoredProperty) === 'true',
    demandTerms: demandTermsOf(brokerId, properties),
  }
}

/** What it does not say, or not so that it can be read, keeps nothing from it. syncDurableSubs: it hears of single consumers, too. */
function demandTermsOf(brokerId: string, properties: ReadonlyMap<string, string>): DemandTerms {
  const consumerTTL = properties.get('consumerTTL') ?? ''
  const isOn = (name: string): boolean => /^true$/i.test(properties.get(name) ?? '')
  return {
    brokerId,
    consumerTTL: /^\d{1,9}$/.test(consumerTTL) ? Number(consumerTTL) : -1,
    conduit: isOn('conduitSubscriptions') && !isOn('syncDurableSubs'),
  }
}

function required(text: string | null, field: string): string {
  if (text === null || text === '') throw unreadable(`${field} is missing`)
  if (text.length <= maxIdLength) return text
  throw unreadable(`${field} has ${text.length} characters, at most ${maxIdLength} are accepted`)
}

export const unreadable = (reason: string): FormatError =>
  new FormatError('PROTOCOL', `Cannot read BrokerInfo of a bridge: ${reason}`)
