// Space that is set aside before it is written to.
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { DiskFile } from '../../../broker/disk/disk.ts'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { SegmentSpace } from '../../../broker/journal/segment-space.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { turns } from '../../support/turns.ts'

const { firstSpaceBytes, spaceBytes } = journalLimits
const maxFileLength = 100 * 1024 * 1024
const written = 1000

let disk: SimulatedDisk
let file: DiskFile
let space: SegmentSpace

beforeEach(async () => {
  disk = new SimulatedDisk()
  await disk.makeDirectory('/journal')
  file = await disk.open('/journal/segment', 'create')
  await file.write([Buffer.alloc(written, 1)], 0)
  space = new SegmentSpace(file, maxFileLength)
})

const isPending = async (promise: void | Promise<void>): Promise<boolean> => {
  let pending = promise !== undefined
  void promise?.then(() => (pending = false))
  await turns(1)
  return pending
}

test('a little is there after the first write; the next, twice as much, when no more is left than the last step', async () => {
  space.written(written)
  await turns(1)
  expect(await file.size()).toBe(written + firstSpaceBytes)
  space.written(written + 8)
  await turns(1)
  expect(await file.size()).toBe(written + 3 * firstSpaceBytes)
  space.written(written + firstSpaceBytes - 8)
  await turns(1)
  expect(await file.size()).toBe(written + 3 * firstSpaceBytes)
  space.written(written + firstSpaceBytes)
  await turns(1)
  expect(await file.size()).toBe(written + 7 * firstSpaceBytes)
})

test('of the largest steps half is left when the next begins: no more than one and a half is there at once', async () => {
  let end = written
  let most = 0
  for (let size = end; size < 8 * spaceBytes; size = await file.size()) {
    most = Math.max(most, size - end)
    // As records do: little by little.
    end = Math.min(size, end + firstSpaceBytes)
    space.written(end)
    await turns(1)
  }
  expect(most).toBe(spaceBytes + spaceBytes / 2)
})

test('the steps end at a largest one', async () => {
  const sizes = [written]
  for (let end = written; sizes.at(-1)! < 4 * spaceBytes; end = sizes.at(-1)!) {
    space.written(end)
    await turns(1)
    sizes.push(await file.size())
  }
  const steps = sizes.slice(1).map((size, index) => size - sizes[index]!)
  expect(steps.slice(0, 3)).toEqual([firstSpaceBytes, 2 * firstSpaceBytes, 4 * firstSpaceBytes])
  expect(steps.slice(-2)).toEqual([spaceBytes, spaceBytes])
})

test('nothing is set aside beyond the length of a segment', async () => {
  space = new SegmentSpace(file, written + 100)
  space.written(written)
  await turns(1)
  expect(await file.size()).toBe(written + 100)
  space.written(written + 100)
  await turns(1)
  expect(await file.size()).toBe(written + 100)
})

test('a write into what is there does not wait; one beyond it waits for what is on its way', async () => {
  space.written(written)
  await turns(1)
  disk.freeze()
  space.written(written + firstSpaceBytes / 2)
  expect(await isPending(space.before(written + firstSpaceBytes))).toBe(false)
  const beyond = space.before(written + firstSpaceBytes + 8)
  expect(await isPending(beyond)).toBe(true)
  disk.thaw()
  await beyond
  expect(await file.size()).toBe(written + 3 * firstSpaceBytes)
})

test('a write that is larger than all that is set aside makes the file longer itself, and the next space is behind it', async () => {
  space.written(written)
  await turns(1)
  const end = written + 10 * firstSpaceBytes
  await space.before(end)
  await file.write([Buffer.alloc(10 * firstSpaceBytes, 1)], written)
  space.written(end)
  await turns(1)
  expect(await file.size()).toBe(end + 2 * firstSpaceBytes)
  expect((await file.read(end - 1, 2)).toString('hex')).toBe('0100')
})

describe('where there is none', () => {
  test.each(['ENOSPC', 'EDQUOT', 'ENOENT'])(
    '%s: writes go on, and it is tried again when more is written',
    async (code) => {
      let attempts = 0
      disk.fail = (operation) => {
        if (operation === 'preallocate') attempts++
        return operation === 'preallocate' && attempts <= 1 ? code : undefined
      }
      space.written(written)
      await turns(1)
      await space.before(written + 8)
      space.written(written)
      await turns(1)
      expect(attempts).toBe(1)
      space.written(written + 8)
      await turns(1)
      expect(attempts).toBe(2)
      expect(await file.size()).toBeGreaterThan(written + firstSpaceBytes)
    },
  )

  test("any other error is the next write's: what else that disk loses is not known", async () => {
    disk.fail = (operation) => (operation === 'preallocate' ? 'EIO' : undefined)
    space.written(written)
    await turns(1)
    await expect(async () => space.before(written + 8)).rejects.toMatchObject({ code: 'EIO' })
  })
})

describe('a segment that is closed', () => {
  test('gives back what it has not used, also what comes only now', async () => {
    disk.freeze()
    space.written(written)
    const closed = space.close(written)
    disk.thaw()
    await closed
    expect(await file.size()).toBe(written)
  })

  test('is not cut if something that it was to have was never written', async () => {
    space.written(written)
    await turns(1)
    await space.close(written + 8)
    expect(await file.size()).toBe(written + firstSpaceBytes)
  })

  test('sets nothing more aside', async () => {
    await space.close(written)
    space.written(written)
    await turns(1)
    expect(await file.size()).toBe(written)
  })
})
