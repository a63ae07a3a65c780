// The journal store on a disk that dies at every possible moment, and with a writer that does not know that it was replaced.
import * as fc from 'fast-check'
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../../broker/base/random.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { operations, StoreModel, type Operation } from '../../../support/store-model.ts'
import { turns } from '../../../support/turns.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { atLength } from '../../../support/at-length.ts'

const runs = Number(process.env['FLOTILLA_RUNS'] ?? atLength(12, 5))

const plentyOfBytes = 2 ** 40

async function runAll(
  model: StoreModel,
  list: readonly Operation[],
  disk: SimulatedDisk,
  term: number,
  limitBytes = plentyOfBytes,
): Promise<boolean> {
  const store = createJournalStore({ disk, limitBytes })
  let failure: Error | undefined
  void store.failed.then((error) => (failure = error))
  const opened = store.open(soleOwner(term))
  // Opening never ends when the disk dies meanwhile.
  const recovered = await Promise.race([opened, disk.whenCrashed])
  if (!recovered) return false
  // Reading may wait for a message that is being moved.
  await Promise.race([model.check(store, recovered), disk.whenCrashed])
  if (disk.crashed) return false
  for (const operation of list) {
    await model.run(operation, store, disk)
    if (disk.crashed) return false
  }
  await model.settle(store, disk)
  await turns(5)
  expect(failure).toBeUndefined()
  return !disk.crashed
}

test.each([
  ['', plentyOfBytes],
  [', while space is got back at any price', 4096],
])('recovers what was acknowledged after a crash at any write%s', async (_, limitBytes) => {
  await fc.assert(
    fc.asyncProperty(operations, operations, fc.nat(), async (first, second, seed) => {
      const whole = new SimulatedDisk()
      await runAll(new StoreModel(), first, whole, 1, limitBytes)
      for (let crash = 0; crash <= whole.operations; crash++) {
        const random = seededRandom(seed + crash)
        const model = new StoreModel()
        let disk = new SimulatedDisk()
        disk.crashAfter(crash)
        await runAll(model, first, disk, 1, limitBytes)
        // Crashes again, at times while it recovers.
        disk = disk.restart(random)
        disk.crashAfter(Math.floor(random.next() * 40))
        await runAll(model, second, disk, 2, limitBytes)
        disk = disk.restart(random)
        expect(await runAll(model, second.slice(0, 5), disk, 3, limitBytes)).toBe(true)
      }
    }),
    { numRuns: runs },
  )
})

test('a follower takes over from a writer that does not know it yet', async () => {
  await fc.assert(
    fc.asyncProperty(operations, operations, fc.nat(60), async (before, after, polls) => {
      const disk = new SimulatedDisk()
      let owner = 1
      const active = createJournalStore({ disk })
      const model = new StoreModel()
      await model.check(
        active,
        await active.open({
          term: 1,
          verify() {
            if (owner !== 1) throw new Error('Replaced')
          },
        }),
      )
      const standby = createJournalStore({ disk })
      standby.follow()
      for (const operation of before) await model.run(operation, active, disk)
      await turns(polls)
      owner = 2
      const [recovered] = await Promise.all([
        standby.open(soleOwner(2)),
        (async () => {
          for (const operation of after) await model.run(operation, active, disk)
        })(),
      ])
      await turns(20)
      await model.check(standby, recovered)
      for (const operation of before) await model.run(operation, standby, disk)
      await model.settle(standby, disk)
      expect(model.acknowledged).toBe(model.issued)
      await standby.close()
      const last = createJournalStore({ disk })
      await model.check(last, await last.open(soleOwner(3)))
      await last.close()
    }),
    { numRuns: runs * 10 },
  )
})
