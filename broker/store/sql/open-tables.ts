// The tables of a session, by the kind of its database.
import type { SqlSession } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { MysqlTables } from './mysql-tables.ts'
import { PostgresTables } from './postgres-tables.ts'
import type { StoreTables } from './store-tables.ts'

export type OpenTables = (session: SqlSession, names: TableNames) => StoreTables

export const openTables: OpenTables = (session, names) =>
  session.kind === 'postgresql' ? new PostgresTables(session, names) : new MysqlTables(session, names)
