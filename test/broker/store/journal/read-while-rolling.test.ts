// Found by load: messages of a segment that had just been closed, but whose last write was still on its way, were taken
// for damaged and skipped.
import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { nodeDisk } from '../../../../broker/disk/node-disk.ts'
import { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

test('a durable message is read while its segment is closed and not yet sealed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-journal-'))
  const store = new JournalStore({
    disk: nodeDisk,
    directory: join(directory, 'journal'),
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    maxFileLength: 64 * 1024,
  })
  try {
    await store.open(soleOwner(1))
    const add = (sequence: number): void =>
      store.add(
        {
          holder: queueHolder('Q'),
          bytes: Buffer.alloc(1024, sequence),
          producerId: 'P',
          producerSequenceId: sequence,
        },
        sequence,
      )
    add(1)
    const first = new Promise<void>((resolve) => store.whenDurable(resolve))
    // The first message is being written now; the rest of its segment, and more segments, wait behind it.
    await new Promise(setImmediate)
    for (let sequence = 2; sequence <= 200; sequence++) add(sequence)
    await first
    expect((await store.read(queueHolder('Q'), 0, 1, 10, 10_000)).map(({ sequence }) => sequence)).toEqual([1])
    await new Promise<void>((resolve) => store.whenDurable(resolve))
    expect(await store.read(queueHolder('Q'), 0, 200, 1000, 1_000_000)).toHaveLength(200)
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
})
