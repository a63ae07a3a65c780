// The load of a fencing run, and its account: four producers and four transacted consumers of the stock Java client, or one
// of each of our own client where Java is not needed.
import { join } from 'node:path'
import { prepareJavaClient, type ClientVersion } from '../support/java-clients.ts'
import { startJava } from '../support/java-process.ts'
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

interface JavaResult {
  readonly failed?: string
  readonly acknowledged: number
  readonly lost: number
  readonly unconfirmed: number
  readonly inDoubt: number
  readonly duplicatesOfConsumed: number
  readonly orderViolations: number
  readonly deadUndelivered: readonly string[]
  readonly problems: readonly string[]
  readonly gaps: readonly { readonly client: string; readonly ms: number }[]
  readonly [sample: string]: unknown
}

export async function startJavaLoad(version: ClientVersion, url: string): Promise<Load> {
  const client = prepareJavaClient(version, join(import.meta.dirname, '..', 'interop', 'java'))
  // A queue for each pair: with one for all, what is redelivered to others after one connection broke looks out of order.
  const run = startJava(client.classpath, ['FailoverRun', url, 'transacted', 'pairs', '4', '4'])
  await run.line((line) => line === 'running' || line.startsWith('{'))
  const acknowledged = async (): Promise<number> => {
    run.write('progress\n')
    return Number((await run.line((line) => line.startsWith('acknowledged'))).split(' ')[1])
  }
  return {
    async flows(count) {
      const target = (await acknowledged()) + count
      while ((await acknowledged()) < target) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    async finish() {
      run.write('stop\n')
      const result = JSON.parse(await run.line((line) => line.startsWith('{'))) as JavaResult
      await run.ended
      if (result.failed) throw new Error(`${result.failed}: ${result.problems.join('; ')}`)
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
