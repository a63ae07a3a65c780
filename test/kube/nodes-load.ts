// The stock Java client at work in the network of a cluster with nodes, with one or several URLs at the same time, and how
// long it stood still at each fault. The programs run on no node, so that they outlive all of them.
import { FailoverRun, type FailoverAccount, longestGaps, prepareFailoverClient } from '../support/failover-run.ts'
import type { NodeCluster } from './nodes.ts'

/** Queues in pairs: after one connection broke, what others get from a common queue looks out of order. */
const load = { mode: 'transacted', layout: 'pairs', producers: 4, consumers: 4 }
/** Until every client has succeeded again: one that hears nothing of its broker asks no sooner than after 30 s. */
const patienceMs = 150_000
/** The shortest standstill that a client tells of. */
const notableMs = 100
/** A client believes for 1 s in an address that it has looked up; by default for 30 s, and the next fault comes sooner. */
const options = ['-Xmx512m', '-Dsun.net.inetaddr.ttl=1']

export interface LoadAccount {
  readonly name: string
  readonly account: FailoverAccount
  /** Of each producer at each fault, the longest time between two answers; what is not notable counts as just notable. */
  readonly standstills: readonly number[]
}

export class NodeLoad {
  readonly #runs = new Map<string, FailoverRun>()

  /** `urls` by names. Each load has queues that were never used before. */
  static async start(cluster: NodeCluster, urls: Readonly<Record<string, string>>): Promise<NodeLoad> {
    const started = new NodeLoad()
    const java = { options, launcher: cluster.within }
    const client = prepareFailoverClient('5.17.2')
    for (const [name, url] of Object.entries(urls))
      started.#runs.set(
        name,
        await FailoverRun.start(client, url, { ...load, queue: `FAULTS.${name}.${Date.now()}` }, java),
      )
    return started
  }

  /** Resolves when each client has got something done after now. */
  async flows(): Promise<void> {
    const now = Date.now()
    await Promise.all([...this.#runs.values()].map((run) => run.allFlow(now, patienceMs)))
  }

  /** Ends the load. `faultsAt`: in ms since 1970. */
  async account(faultsAt: readonly number[]): Promise<LoadAccount[]> {
    const accounts = []
    for (const [name, run] of this.#runs) {
      const account = await run.stop()
      const gaps = longestGaps(account.gaps, faultsAt)
      const unnoticed = faultsAt.length * load.producers - gaps.length
      accounts.push({ name, account, standstills: [...Array<number>(unnoticed).fill(notableMs), ...gaps] })
    }
    return accounts
  }

  kill(): void {
    for (const run of this.#runs.values()) run.kill()
  }
}
