// Found by the queue model: a message was read, then its segment was reclaimed, then the bytes were checked, by a segment that
// nobody knew any more. The message was taken for damaged and skipped: its queue missed it until the next start.
import { expect, test } from '@jest/globals'
import type { Disk, DiskFile } from '../../../../broker/disk/disk.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { turns } from '../../../support/turns.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

/** Bytes of files that are opened for reading come when `gate` opens, though they were read before. */
function slowReads(disk: SimulatedDisk, gate: () => Promise<void>): Disk {
  return new Proxy<Disk>(disk, {
    get(_, name: keyof Disk) {
      if (name !== 'open') return (disk[name] as () => unknown).bind(disk)
      return async (path: string, mode: 'create' | 'existing' | 'read'): Promise<DiskFile> => {
        const file = await disk.open(path, mode)
        if (mode !== 'read') return file
        const read = async (position: number, length: number): Promise<Buffer> => {
          const bytes = await file.read(position, length)
          await gate()
          return bytes
        }
        return Object.assign(Object.create(file) as DiskFile, {
          read,
          size: () => file.size(),
          close: () => file.close(),
        })
      }
    },
  })
}

test('a message is read although its segment goes while it is being read', async () => {
  let gate = Promise.resolve()
  let open = (): void => {}
  const store = createJournalStore({ disk: slowReads(new SimulatedDisk(), () => gate) })
  await store.open(soleOwner(1))
  const add = (sequence: number): void =>
    store.add(
      { holder: queueHolder('Q'), bytes: Buffer.alloc(300, sequence), producerId: 'P', producerSequenceId: sequence },
      sequence,
    )
  for (let sequence = 1; sequence <= 40; sequence++) add(sequence)
  await new Promise<void>((resolve) => store.whenDurable(resolve))

  const holding = new Promise<void>((resolve) => (open = resolve))
  gate = holding
  const reading = store.read(queueHolder('Q'), 0, 1, 1, 1000)
  await turns(5)
  // Nobody else is held up.
  gate = Promise.resolve()
  for (let sequence = 2; sequence <= 40; sequence++) store.remove(queueHolder('Q'), sequence)
  for (let sequence = 41; sequence <= 60; sequence++) add(sequence)
  await new Promise<void>((resolve) => store.whenDurable(resolve))
  await store.reclaimed()
  open()
  const messages = await reading
  expect(messages.map(({ sequence, bytes }) => [sequence, bytes])).toEqual([[1, Buffer.alloc(300, 1)]])
  await store.close()
})
