// The datagrams of ActiveMQ's MulticastDiscoveryAgent, as text:
//
//   <group>.ActiveMQ-4.alive.%<broker>%<service>       default.ActiveMQ-4.alive.%localhost%tcp://host1:61616
//   <group>.ActiveMQ-4.dead.%<broker>%<service>
//
// ActiveMQ writes `localhost` where the broker's name would stand, and never looks at it. Of others' datagrams nothing is an error:
// anybody may send what he likes to the same address.
import { maxDatagramBytes } from './limits.ts'

export interface ServiceAnnouncement {
  readonly alive: boolean
  /** URL of a transport connector, as its broker wrote it. */
  readonly service: string
}

export const encodeAnnouncement = (group: string, { alive, service }: ServiceAnnouncement): Buffer =>
  Buffer.from(`${prefixOf(group)}${alive ? 'alive' : 'dead'}.%localhost%${service}`)

/** null: it is of another group, or nothing of ours. */
export function decodeAnnouncement(group: string, datagram: Uint8Array): ServiceAnnouncement | null {
  if (datagram.length > maxDatagramBytes) return null
  const text = Buffer.from(datagram).toString('utf8')
  const prefix = prefixOf(group)
  if (!text.startsWith(prefix)) return null
  const match = /^(alive|dead)\.%[^%]*%([!-~]+)$/.exec(text.slice(prefix.length))
  return match ? { alive: match[1] === 'alive', service: match[2]! } : null
}

const prefixOf = (group: string): string => `${group}.ActiveMQ-4.`
