// A process that writes to a journal store as fast as it can and says what was acknowledged:
// `store-writer.ts <directory> <term>`. Ends with SIGKILL.
import { writeSync } from 'node:fs'
import { nodeDisk } from '../../broker/disk/node-disk.ts'
import { queueHolder } from '../../broker/store/held-message.ts'
import { createJournalStore } from './journal-stores.ts'
import { soleOwner } from './sole-owner.ts'

const [directory = '', term = '1'] = process.argv.slice(2)
const store = createJournalStore({ disk: nodeDisk, directory, maxFileLength: 256 * 1024 })
let sequence = (await store.open(soleOwner(Number(term)))).lastSequence
const outstanding = 32
const orders = queueHolder('orders')

const sendOne = (): void => {
  const mine = ++sequence
  const bytes = Buffer.alloc(100 + (mine % 2000), `${mine}-`)
  store.add({ holder: orders, bytes, producerId: 'ID:a-1:1:1:1', producerSequenceId: mine }, mine)
  // Every third is consumed at once.
  if (mine % 3 === 0) store.remove(orders, mine)
  store.whenDurable(() => {
    writeSync(1, `${mine}\n`)
    sendOne()
  })
}
for (let index = 0; index < outstanding; index++) sendOne()
