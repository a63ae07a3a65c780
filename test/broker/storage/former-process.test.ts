import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { succeedProcess } from '../../../broker/storage/former-process.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'

const succeed = (disk: SimulatedDisk, instance: string): Promise<string | undefined> =>
  succeedProcess(disk, '/data', instance, silentLogger)

test('each process learns which one had the data before it', async () => {
  const disk = new SimulatedDisk()
  await disk.makeDirectory('/data')
  expect(await succeed(disk, 'a longer name')).toBeUndefined()
  expect(await succeed(disk, 'second')).toBe('a longer name')
  expect(await succeed(disk, 'third')).toBe('second')
})

test('a disk that takes nothing keeps nobody from starting', async () => {
  const disk = new SimulatedDisk()
  await disk.makeDirectory('/data')
  disk.fail = () => 'ENOSPC'
  expect(await succeed(disk, 'first')).toBeUndefined()
})
