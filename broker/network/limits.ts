// Limits of networks, each with its reason: the other broker is a stranger until it has proved the contrary.
import { maxLooseStringBytes, maxTightStringBytes } from '../wire/openwire/limits.ts'

/** From a socket that is open to a broker that has said who it is; ActiveMQ waits as long. */
export const introductionTimeoutMs = 30_000

/** A string of OpenWire has no more, and the other one may want the tight encoding. 256 are for the URL, which is known only later. */
export const longestNetworkProperties = maxTightStringBytes - 256

/** What another broker may send as its networkProperties. */
export const maxNetworkPropertiesLength = maxLooseStringBytes
/** ActiveMQ has 45. */
export const maxNetworkProperties = 256
/** In one list of another broker: all of them are looked at for each consumer. */
export const maxListedDestinations = 1024
/** Of a name, a user, a password: they stand in client ids, and are kept as long as the bridge. */
export const maxPropertyLength = 1024
