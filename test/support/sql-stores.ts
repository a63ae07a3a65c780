// SQL stores for tests: each opening of the same database is a new writer with the next term.
import { systemClock, type Clock } from '../../broker/base/clock.ts'
import { silentLogger, type Logger } from '../../broker/base/logger.ts'
import type { Database } from '../../broker/sql/database.ts'
import { tableNames, type TableNames } from '../../broker/sql/table-names.ts'
import type { MessageStore } from '../../broker/store/message-store.ts'
import type { IsPrioritized } from '../../broker/store/sql/containers.ts'
import type { OpenTables } from '../../broker/store/sql/open-tables.ts'
import { SqlStore } from '../../broker/store/sql/sql-store.ts'
import type { MessageStoreFactory, OpenedStore } from '../contract/message-store.ts'
import { soleOwner } from './sole-owner.ts'

export interface SqlStoreSetup {
  readonly database: Database
  readonly openTables: OpenTables
  readonly names?: TableNames
  readonly limitBytes?: number
  readonly logger?: Logger
  readonly clock?: Clock
  readonly isPrioritized?: IsPrioritized
  /** Makes a term the newest one, as its lock does. */
  readonly raiseTerm?: (term: number) => Promise<void>
}

export const createSqlStore = (setup: SqlStoreSetup): SqlStore =>
  new SqlStore({
    names: tableNames(''),
    clock: systemClock,
    logger: silentLogger,
    limitBytes: 2 ** 30,
    isPrioritized: () => false,
    applicationName: 'flotilla/test/a',
    ...setup,
  })

export function sqlStores(setup: SqlStoreSetup): MessageStoreFactory {
  let term = 0
  const open = async (limitBytes = 2 ** 30): Promise<OpenedStore> => {
    const store = createSqlStore({ limitBytes, ...setup })
    await setup.raiseTerm?.(++term)
    return { store, recovered: await store.open(soleOwner(term)) }
  }
  return {
    open: () => open(),
    openLimited: () => open(64 * 1024),
    takesName: (name) => !name.endsWith(' '),
    async reopen(store: MessageStore) {
      await store.close()
      return open()
    },
  }
}
