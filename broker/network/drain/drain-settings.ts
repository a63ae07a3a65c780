// What the bridges of a drain are told to do, as far as other brokers see it: ActiveMQ's defaults, one way, and no demand is asked for.
import type { BridgeSettings } from '../connector-settings.ts'
import { parseNetworkProperties } from '../network-properties.ts'

const defaults = parseNetworkProperties(null)
if (!defaults.ok) throw new Error(defaults.reason)

export const drainSettings: BridgeSettings = {
  ...defaults.settings,
  name: 'drain',
  staticBridge: true,
  dynamicOnly: true,
}
