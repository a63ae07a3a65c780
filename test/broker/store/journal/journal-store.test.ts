import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { nodeDisk } from '../../../../broker/disk/node-disk.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { journalStores } from '../../../support/journal-stores.ts'

const directories: string[] = []
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

for (const maxFileLength of [4096, 32 * 1024 * 1024]) {
  messageStoreContract(`JournalStore on a simulated disk, segments of ${maxFileLength} bytes,`, async () =>
    journalStores({ disk: new SimulatedDisk(), directory: '/journal', maxFileLength }),
  )
  messageStoreContract(`JournalStore on a real disk, segments of ${maxFileLength} bytes,`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'journal-store-'))
    directories.push(directory)
    return journalStores({ disk: nodeDisk, directory: join(directory, 'journal'), maxFileLength })
  })
}
