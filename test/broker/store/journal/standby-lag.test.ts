// What a store that follows another one's journal says of how far it is behind.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { journalLimits } from '../../../../broker/journal/limits.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { durable, message } from '../../../support/store-content.ts'
import { turns } from '../../../support/turns.ts'

test('nothing before it looked, how much it has yet to read while it follows, and nothing when it is active', async () => {
  const disk = new SimulatedDisk()
  const clock = new ManualClock()
  const active = createJournalStore({ disk })
  await active.open(soleOwner(1))
  for (let sequence = 1; sequence <= 30; sequence++) active.add(message('x'.repeat(300)), sequence)
  await durable(active)
  const standby = createJournalStore({ disk, clock })
  expect(standby.lag()).toBeUndefined()
  standby.follow()
  await turns(10)
  expect(standby.lag()).toEqual({ bytes: 0 })
  active.add(message('y'.repeat(2000)), 31)
  await durable(active)
  disk.freeze()
  clock.advance(journalLimits.followIntervalMs)
  // It knows of no more than it saw at its last look.
  expect(standby.lag()).toEqual({ bytes: 0 })
  disk.thaw()
  await turns(10)
  expect(standby.lag()).toEqual({ bytes: 0 })
  await active.close()
  await standby.open(soleOwner(2))
  expect(standby.lag()).toBeUndefined()
  await standby.close()
})
