// Only the end of what was written may be lost with the power, not something in front of it.
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import type { Disk } from '../../../broker/disk/disk.ts'
import { lateSyncedDisk } from '../../../broker/disk/late-synced-disk.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'

const content = Buffer.alloc(1000, 'x')

async function newDisk(): Promise<{ real: SimulatedDisk; disk: Disk }> {
  const real = new SimulatedDisk()
  await real.makeDirectory('/journal')
  await real.syncDirectory('/')
  return { real, disk: lateSyncedDisk(real) }
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read')
  return (await file.read(0, 10_000)).filter((byte) => byte === 120).length
}

test('a write does not wait for the disk', async () => {
  const { real, disk } = await newDisk()
  const file = await disk.open('/journal/1', 'create')
  real.fail = (operation) => (operation === 'write' ? undefined : 'EIO')
  await file.writeDurably([content], 0)
  await file.sync()
  await file.preallocate(1000, 2000)
  expect([await file.size(), (await file.read(0, 2000)).equals(content)]).toEqual([1000, true])
})

test('a file is on the disk before the next one has anything', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { real, disk } = await newDisk()
    for (const name of ['1', '2', '3']) {
      const file = await disk.open(`/journal/${name}`, 'create')
      await file.writeDurably([content.subarray(0, 400)], 0)
      await file.writeDurably([content.subarray(400)], 400)
    }
    const after = real.restart(seededRandom(seed))
    expect([await sizeOf(after, '/journal/1'), await sizeOf(after, '/journal/2')]).toEqual([1000, 1000])
  }
})

test('a file that is closed is on the disk', async () => {
  const { real, disk } = await newDisk()
  const file = await disk.open('/journal/1', 'create')
  await file.writeDurably([content], 0)
  await file.close()
  expect(await sizeOf(real.restart(seededRandom(1)), '/journal/1')).toBe(1000)
})

test('a file whose directory has another name by now can be closed', async () => {
  const { real, disk } = await newDisk()
  const file = await disk.open('/journal/1', 'create')
  await file.writeDurably([content], 0)
  await real.rename('/journal', '/renamed')
  await file.close()
  expect(await sizeOf(real, '/renamed/1')).toBe(1000)
})

test('what cannot be synced is told to whoever writes the next file', async () => {
  const { real, disk } = await newDisk()
  const first = await disk.open('/journal/1', 'create')
  await first.writeDurably([content], 0)
  const second = await disk.open('/journal/2', 'create')
  real.fail = (operation) => (operation === 'sync' ? 'EIO' : undefined)
  await expect(second.writeDurably([content], 0)).rejects.toThrow('EIO')
  real.fail = () => undefined
  await expect(first.close()).rejects.toThrow('EIO')
})
