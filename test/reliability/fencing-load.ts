// The load of a fencing run, and its account: four producers and four transacted consumers of the stock Java client, or one
// of each of our own client where Java is not needed.
import { FailoverRun, prepareFailoverClient } from '../support/failover-run.ts'
import type { ClientVersion } from '../support/java-clients.ts'
import { Traffic } from '../support/traffic.ts'

export interface LoadAccount {
  readonly acknowledged: number
  /** Acknowledged and never delivered, or delivered in a transaction that was rolled back and never again. */
  readonly lost: number
  readonly duplicates: number
  readonly outOfOrder: number
  /** Between two answers to one producer: how long the worst fault stood in its way. */
  readonly longestGapMs: number
  /** Examples of what is wrong, for people. */
  readonly details: string
}

export interface Load {
  /** Resolves when so many more messages went through. */
  flows(count: number): Promise<void>
  finish(): Promise<LoadAccount>
  kill(): void
}

export async function startOwnLoad(url: string): Promise<Load> {
  const traffic = await Traffic.start(url, 'FENCING')
  return {
    flows: (count) => traffic.flows(count),
    async finish() {
      const { acknowledged, lost, duplicates, outOfOrder, longestGapMs } = await traffic.stop()
      const details = JSON.stringify({
        lost: lost.slice(0, 5),
        duplicates: duplicates.slice(0, 5),
        outOfOrder: outOfOrder.slice(0, 5),
      })
      return {
        acknowledged,
        lost: lost.length,
        duplicates: duplicates.length,
        outOfOrder: outOfOrder.length,
        longestGapMs,
        details,
      }
    },
    kill() {},
  }
}

export async function startJavaLoad(version: ClientVersion, url: string): Promise<Load> {
  // A queue for each pair: with one for all, what is redelivered to others after one connection broke looks out of order.
  const load = { mode: 'transacted', layout: 'pairs', producers: 4, consumers: 4 }
  const run = await FailoverRun.start(prepareFailoverClient(version), url, load)
  return {
    flows: (count) => run.flows(count),
    async finish() {
      const result = await run.stop()
      const { lostSample, unconfirmedSample, duplicateSample, orderSample, problems, deadUndelivered, inDoubt } = result
      const gaps = result.gaps.filter(({ client }) => client.startsWith('producer')).map(({ ms }) => ms)
      return {
        acknowledged: result.acknowledged,
        lost: result.lost + result.unconfirmed + deadUndelivered.length,
        duplicates: result.duplicatesOfConsumed,
        outOfOrder: result.orderViolations,
        longestGapMs: Math.max(0, ...gaps),
        details: JSON.stringify({
          lostSample,
          unconfirmedSample,
          inDoubt,
          duplicateSample,
          orderSample,
          deadUndelivered,
          problems,
        }),
      }
    },
    kill: () => run.kill(),
  }
}
