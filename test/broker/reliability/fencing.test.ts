// The short form of "two never write": two real processes on one directory, our own clients, each fault once. The long form,
// with the stock Java client and with volumes that fail, is `npm run soak -- fencing`.
import { expect, test } from '@jest/globals'
import {
  expireLease,
  lockHarms,
  loseLock,
  moveDirectory,
  stopAndContinue,
  stopAndReplace,
} from '../../reliability/fencing-faults.ts'
import { startOwnLoad } from '../../reliability/fencing-load.ts'
import { isClean, runFencing } from '../../reliability/fencing.ts'

test('an active that is stopped, replaced or robbed of its lock answers nothing that is lost, and comes back as standby', async () => {
  const faults = [
    stopAndContinue,
    expireLease,
    loseLock(lockHarms['lock.sqlite replaced by garbage']!),
    moveDirectory,
    stopAndReplace,
  ]
  const scenario = { name: 'each fault once', rounds: faults.length, faults: () => faults }
  const run = { rounds: faults.length, seed: 1, maxStopMs: 300, flowPerRound: 60, load: startOwnLoad }
  const result = await runFencing(scenario, run)
  expect({ violations: result.violations, details: result.details }).toEqual({
    violations: [],
    details: '{"lost":[],"duplicates":[],"outOfOrder":[]}',
  })
  expect(isClean(result)).toBe(true)
  expect(result.acknowledged).toBeGreaterThan(300)
})
