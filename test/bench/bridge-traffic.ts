// What has gone over the bridges between brokers so far, as the kernel counted it on their sockets: the same for every kind of
// broker, and none has to be asked. Of each bridge the dialling end is looked at, which sees both directions.
import { runTool } from '../support/java-clients.ts'
import type { RunningBroker } from './brokers.ts'
import { processTree } from './usage.ts'

export interface BridgeTraffic {
  /** Ports of both ends, in order: another list means that a bridge is another one. */
  readonly connections: readonly string[]
  /** In both directions, without what TCP itself adds. */
  readonly bytes: number
}

export function bridgeTraffic(brokers: readonly RunningBroker[]): BridgeTraffic {
  const ours = new Set(brokers.flatMap(({ pid }) => processTree(pid)))
  const filter = brokers.map(({ port }) => `dport = :${port}`).join(' or ')
  return trafficOf(runTool('ss', ['-tinpHO', 'state', 'established', `( ${filter} )`]), ours)
}

/** Of the connections that one of these processes has dialled. */
export function trafficOf(listing: string, pids: ReadonlySet<number>): BridgeTraffic {
  const rows = listing.split('\n').filter((line) => pids.has(Number(/pid=(\d+)/.exec(line)?.[1])))
  const count = (line: string, name: string) => Number(new RegExp(` ${name}:(\\d+)`).exec(line)?.[1] ?? 0)
  return {
    connections: rows.map(endsOf).sort(),
    bytes: rows.reduce((sum, line) => sum + count(line, 'bytes_acked') + count(line, 'bytes_received'), 0),
  }
}

function endsOf(line: string): string {
  const [, , from = '', to = ''] = line.trim().split(/\s+/)
  return `${from.slice(from.lastIndexOf(':') + 1)}-${to.slice(to.lastIndexOf(':') + 1)}`
}
