// Journal stores for tests: each opening of the same directory is a new writer with the next term.
import { systemClock, type Clock } from '../../broker/base/clock.ts'
import { silentLogger, type Logger } from '../../broker/base/logger.ts'
import { seededRandom } from '../../broker/base/random.ts'
import type { Disk } from '../../broker/disk/disk.ts'
import type { BatchConfirmation } from '../../broker/journal/confirmation.ts'
import type { JournalTap } from '../../broker/journal/tap.ts'
import { JournalStore } from '../../broker/store/journal/journal-store.ts'
import type { MessageStore } from '../../broker/store/message-store.ts'
import type { MessageStoreFactory, OpenedStore } from '../contract/message-store.ts'
import { soleOwner } from './sole-owner.ts'

export interface JournalStoreSetup {
  readonly disk: Disk
  readonly directory?: string
  readonly maxFileLength?: number
  readonly limitBytes?: number
  readonly logger?: Logger
  readonly clock?: Clock
  readonly confirmation?: BatchConfirmation
  readonly tap?: JournalTap
}

export const createJournalStore = (setup: JournalStoreSetup): JournalStore =>
  new JournalStore({
    directory: '/journal',
    clock: systemClock,
    random: seededRandom(Math.floor(Math.random() * 2 ** 32)),
    logger: silentLogger,
    maxFileLength: 4096,
    ...setup,
  })

export function journalStores(setup: JournalStoreSetup): MessageStoreFactory {
  let term = 0
  const open = async (): Promise<OpenedStore> => {
    const store = createJournalStore(setup)
    return { store, recovered: await store.open(soleOwner(++term)) }
  }
  const openLimited = async (): Promise<OpenedStore> => {
    const store = createJournalStore({ ...setup, limitBytes: 64 * 1024 })
    return { store, recovered: await store.open(soleOwner(++term)) }
  }
  return {
    open,
    // Larger segments do not come back soon enough.
    ...(setup.maxFileLength === 4096 && { openLimited }),
    async reopen(store: MessageStore) {
      await store.close()
      return open()
    },
  }
}
