import { expect, test } from '@jest/globals'
import { unsyncedDisk } from '../../../broker/disk/unsynced-disk.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { seededRandom } from '../../../broker/base/random.ts'

test('reads what was written, and promises nothing', async () => {
  const real = new SimulatedDisk()
  const disk = unsyncedDisk(real)
  await disk.makeDirectory('/temp')
  await real.syncDirectory('/')
  const file = await disk.open('/temp/file', 'create')
  await file.write([Buffer.from('abc')], 0)
  await file.preallocate(3, 100)
  await file.sync()
  await disk.syncDirectory('/temp')
  expect([await file.size(), (await file.read(1, 10)).toString()]).toEqual([3, 'bc'])
  await file.truncate(2)
  await file.close()
  await disk.rename('/temp/file', '/temp/renamed')
  expect([await disk.list('/temp'), await disk.exists('/temp/file')]).toEqual([['renamed'], false])
  expect(await disk.freeBytes('/temp')).toBe(await real.freeBytes())
  const after = real.restart(seededRandom(1))
  expect(await after.list('/temp')).toEqual([])
})
