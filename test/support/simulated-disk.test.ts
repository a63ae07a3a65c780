import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../../broker/base/random.ts'
import { diskContract } from '../contract/disk.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const bytes = Buffer.alloc(1000, 7)

diskContract('The simulated disk', async () => {
  const disk = new SimulatedDisk()
  await disk.makeDirectory('/data')
  return { disk, directory: '/data' }
})

async function afterCrash(prepare: (disk: SimulatedDisk) => Promise<void>, seed: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  await prepare(disk)
  return disk.restart(seededRandom(seed))
}

describe('a simulated disk after a crash', () => {
  test('has what was synced', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = await afterCrash(async (disk) => {
        const file = await disk.open('/a', 'create')
        await file.write([bytes], 0)
        await file.sync()
        await disk.syncDirectory('/')
      }, seed)
      const file = await disk.open('/a', 'read')
      expect(await file.read(0, 2000)).toEqual(bytes)
    }
  })

  test('may have lost, kept or torn what was not', async () => {
    const kept = new Set<number>()
    for (let seed = 0; seed < 200; seed++) {
      const disk = await afterCrash(async (disk) => {
        const file = await disk.open('/a', 'create')
        await disk.syncDirectory('/')
        await file.write([bytes], 0)
      }, seed)
      const file = await disk.open('/a', 'read')
      kept.add((await file.read(0, 1000)).filter((byte) => byte === 7).length)
    }
    expect(kept.has(0)).toBe(true)
    expect(kept.size).toBeGreaterThan(5)
  })

  test('has what was written durably, and by chance what else was written to the file', async () => {
    const kept = new Set<number>()
    for (let seed = 0; seed < 50; seed++) {
      const disk = await afterCrash(async (disk) => {
        const file = await disk.open('/a', 'create')
        await disk.syncDirectory('/')
        await file.write([Buffer.alloc(3000, 1)], 0)
        await file.writeDurably([bytes], 1000)
      }, seed)
      const file = await disk.open('/a', 'read')
      const found = await file.read(0, 3000)
      expect(found.subarray(1000, 2000)).toEqual(bytes)
      kept.add(found.filter((byte) => byte === 1).length)
    }
    expect(kept.size).toBeGreaterThan(5)
  })

  test.each(['dies', 'fails', 'is full'])(
    'may have any part of a durable write that was not answered: %s',
    async (how) => {
      const kept = new Set<number>()
      for (let seed = 0; seed < 200; seed++) {
        const disk = await afterCrash(async (disk) => {
          const file = await disk.open('/a', 'create')
          await disk.syncDirectory('/')
          if (how === 'dies') disk.crashAfter(0)
          if (how === 'fails') disk.fail = () => 'EIO'
          if (how === 'is full') disk.capacity = bytes.length - 1
          let answered = false
          const write = file.writeDurably([bytes], 0).then(() => (answered = true))
          await Promise.race([disk.whenCrashed, write.catch(() => {})])
          expect(answered).toBe(false)
        }, seed)
        const file = await disk.open('/a', 'read')
        kept.add((await file.read(0, 1000)).filter((byte) => byte === 7).length)
      }
      expect(kept.has(0)).toBe(true)
      expect(kept.size).toBeGreaterThan(5)
    },
  )

  test('may have forgotten names, the latest first', async () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 50; seed++) {
      const disk = await afterCrash(async (disk) => {
        await disk.open('/a', 'create')
        await disk.open('/b', 'create')
      }, seed)
      seen.add((await disk.list('/')).join())
    }
    expect([...seen].sort()).toEqual(['', 'a', 'a,b'])
  })
})

test('fails as told', async () => {
  const disk = new SimulatedDisk()
  const file = await disk.open('/a', 'create')
  disk.fail = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
  await expect(file.write([bytes], 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  await expect(disk.open('/a', 'create')).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(disk.open('/b', 'existing')).rejects.toMatchObject({ code: 'ENOENT' })
})

test('holds requests back while it is frozen', async () => {
  const disk = new SimulatedDisk()
  disk.freeze()
  let listed = false
  const list = disk.list('/').then(() => (listed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(listed).toBe(false)
  disk.thaw()
  await list
  expect(listed).toBe(true)
})
