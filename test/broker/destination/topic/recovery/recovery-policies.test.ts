import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import { MemoryUsage } from '../../../../../broker/destination/memory-usage.ts'
import {
  RecoveryPolicies,
  type RecoveryPolicyEntry,
} from '../../../../../broker/destination/topic/recovery/recovery-policies.ts'
import { parseDestination } from '../../../../../broker/message/destination.ts'

const entry = (
  kind: 'queue' | 'topic',
  pattern: string,
  more: Partial<RecoveryPolicyEntry> = {},
): RecoveryPolicyEntry => ({
  kind,
  pattern,
  recovery: { kind: 'lastImage' },
  alwaysRetroactive: false,
  ...more,
})

test('the most specific policy of a topic counts; advisories and temporary topics keep nothing', () => {
  const policies = new RecoveryPolicies(
    [
      entry('topic', '>'),
      entry('topic', 'A.>', { recovery: null }),
      entry('topic', 'A.B', { recovery: { kind: 'timed', recoverDurationMs: 1 }, alwaysRetroactive: true }),
      entry('queue', 'A.B'),
    ],
    new MemoryUsage(2 ** 20),
    new ManualClock(),
  )
  const kept = (name: string): boolean | null => policies.for(parseDestination(name))?.alwaysRetroactive ?? null
  const names = ['topic://B', 'topic://A.C', 'topic://A.B', 'topic://ActiveMQ.Advisory.Queue', 'temp-topic://ID:a:1']
  expect(names.map(kept)).toEqual([false, null, true, null, null])
})
