// When the oldest of what is kept has to go, by each policy.
import { expect, test } from '@jest/globals'
import { FixedCount } from '../../../../../broker/destination/topic/recovery/fixed-count.ts'
import { FixedSized } from '../../../../../broker/destination/topic/recovery/fixed-sized.ts'
import { LastImage } from '../../../../../broker/destination/topic/recovery/last-image.ts'
import type { Kept, RecoveryPolicy } from '../../../../../broker/destination/topic/recovery/recovery-policy.ts'
import { Timed } from '../../../../../broker/destination/topic/recovery/timed.ts'

const one: Kept = { count: 1, bytes: 1024, oldestAgeMs: 0 }

const cases: readonly (readonly [name: string, policy: RecoveryPolicy, kept: Kept, tooMuch: boolean])[] = [
  ['fixed count, at its limit', new FixedCount(100), { count: 100, bytes: 2 ** 30, oldestAgeMs: 1e9 }, false],
  ['fixed count, beyond it', new FixedCount(100), { ...one, count: 101 }, true],
  ['fixed size, at its limit', new FixedSized(65_536), { count: 64, bytes: 65_536, oldestAgeMs: 1e9 }, false],
  ['fixed size, beyond it, also with one', new FixedSized(65_536), { ...one, bytes: 65_537 }, true],
  ['timed, at its end', new Timed(60_000), { count: 1e6, bytes: 2 ** 30, oldestAgeMs: 60_000 }, false],
  ['timed, later', new Timed(60_000), { ...one, oldestAgeMs: 60_001 }, true],
  ['last image, one', new LastImage(), { count: 1, bytes: 2 ** 30, oldestAgeMs: 1e9 }, false],
  ['last image, two', new LastImage(), { ...one, count: 2 }, true],
]

test.each(cases)('%s', (_name, policy, kept, tooMuch) => {
  expect(policy.isTooMuch(kept)).toBe(tooMuch)
})
