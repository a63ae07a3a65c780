import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { nodeDisk } from '../../../broker/disk/node-disk.ts'
import { diskContract } from '../../contract/disk.ts'

const directories: string[] = []
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

diskContract('The real disk', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-disk-'))
  directories.push(directory)
  return { disk: nodeDisk, directory }
})
