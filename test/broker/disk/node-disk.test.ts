import {
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { nodeDisk } from '../../../broker/disk/node-disk.ts'
import { diskContract } from '../../contract/disk.ts'

const directories: string[] = []
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

diskContract('The real disk', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-disk-'))
  directories.push(directory)
  return { disk: nodeDisk, directory }
})

test.each([
  ['where no directory can be made', '/proc/nope/below', 'ENOENT'],
  ['below a file', `${import.meta.filename}/below`, 'ENOTDIR'],
  ['in place of a file', import.meta.filename, 'EEXIST'],
])('a directory %s is refused at once', async (_, path, code) => {
  await expect(nodeDisk.makeDirectory(path)).rejects.toMatchObject({ code })
})

/** How many descriptors this process has for `path`, and how many of them write synchronously. */
function descriptorsOf(path: string): { all: number; synchronous: number } {
  const found = { all: 0, synchronous: 0 }
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${descriptor}`) !== path) continue
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
      found.all++
      if (Number.parseInt(flags ?? '0', 8) & constants.O_DSYNC) found.synchronous++
    } catch {
      // The one that reads the list itself.
    }
  }
  return found
}

const onLinux = existsSync('/proc/self/fdinfo') ? test : test.skip

// Nothing else would notice: what was not synced is there all the same until the machine dies.
onLinux('a durable write goes through a descriptor that syncs, which is closed with the file', async () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'flotilla-disk-')))
  directories.push(directory)
  const path = join(directory, 'file')
  const file = await nodeDisk.open(path, 'create')
  await file.write([Buffer.from('not yet')], 0)
  expect(descriptorsOf(path)).toEqual({ all: 1, synchronous: 0 })
  await file.writeDurably([Buffer.from('durable')], 0)
  await file.writeDurably([Buffer.from('again')], 7)
  expect(descriptorsOf(path)).toEqual({ all: 2, synchronous: 1 })
  await file.close()
  expect(descriptorsOf(path)).toEqual({ all: 0, synchronous: 0 })
})
