// What came of faults under load on nodes: told, and held against what may not be.
import { expect } from '@jest/globals'
import type { LoadAccount } from './nodes-load.ts'

/** When something happened, in ms since 1970, and how many ms later what came of it. */
export interface Takeover {
  readonly faultAt: number
  /** The standby said that it is active. */
  readonly activeMs: number
  /** The Service of clients led to it; where nobody is there to lead it, it does not. */
  readonly serviceMs?: number
}

export function expectNothingLost(accounts: readonly LoadAccount[]): void {
  for (const { account } of accounts) {
    expect(account).toMatchObject({ lost: 0, unconfirmed: 0, duplicatesOfConsumed: 0, orderViolations: 0 })
    expect(account).toMatchObject({ deadUndelivered: [], problems: [] })
  }
}

export function tell(takeovers: readonly Takeover[], accounts: readonly LoadAccount[]): void {
  tellTimes(
    'the standby is active',
    takeovers.map(({ activeMs }) => activeMs),
  )
  tellTimes(
    'the Service leads to it',
    takeovers.flatMap(({ serviceMs }) => serviceMs ?? []),
  )
  for (const { name, account, standstills } of accounts) {
    tellTimes(`producers stand still, ${name}`, standstills)
    say(
      `${account.acknowledged} acknowledged, ${account.redeliveredUnconsumed} delivered again, ${account.inDoubt} in doubt`,
    )
  }
}

export function tellTimes(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  const quantile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1]!
  if (sorted.length === 0) return
  say(`${what}: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, longest ${sorted.at(-1)} ms, of ${sorted.length}`)
}

/** Past Jest, which would put a stack beside each line. */
function say(line: string): void {
  process.stdout.write(`${expect.getState().currentTestName}: ${line}\n`)
}
