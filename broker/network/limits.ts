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
/**
 * From our answer until another broker that is none of ours has removed the message for it: mostly some milliseconds. A busy one, or
 * one that collects garbage, takes longer; and what goes back has mostly waited here for longer than this.
 */
export const returnGraceMs = 1000
/** In one list of another broker: all of them are looked at for each consumer. */
export const maxListedDestinations = 1024
/** Of a name, a user, a password: they stand in client ids, and are kept as long as the bridge. */
export const maxPropertyLength = 1024

/** Of a broker that was dialled, as transport connectors have it of those that dial: what is larger is refused before it is kept. */
export const maxFrameBytes = 100 * 1024 * 1024

/**
 * Answers, and whatever else is said, that wait for a socket which takes no bytes, before its other end is not read any more: as many as
 * the messages that 250 full demands of a thousand have under way, at 14 bytes each.
 */
export const maxWaitingForSocket = 250_000

/** From then on to the end of the bridge: whoever takes nothing for so long does not read. */
export const unreadTimeoutMs = 120_000
