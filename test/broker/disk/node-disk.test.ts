import { mkdtempSync, rmSync } from 'node:fs'
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
