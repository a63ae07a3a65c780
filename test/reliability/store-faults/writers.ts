// Who writes, as the database itself sees it: triggers note the term and the user of every transaction that writes. Each member has a user of
// its own. That a term has two writers, or that somebody writes in a term that is not his, shows as two users of one term.
import type { DatabaseServer } from '../../support/database-server.ts'

/** Of the columns TERM and WRITER. */
const table = 'TEST_WRITERS'
const messages = 'ACTIVEMQ_MSGS'
const state = 'FLOTILLA_STATE'

/** When the tables are there. */
export async function watchWriters(server: DatabaseServer, database: string): Promise<void> {
  for (const text of server.kind === 'postgresql' ? postgresqlTriggers : mariadbTriggers)
    await server.query(text, database)
}

export interface Writer {
  readonly term: number
  readonly user: string
}

export async function writersOf(server: DatabaseServer, database: string): Promise<Writer[]> {
  const rows = await server.query(`SELECT TERM, WRITER FROM ${table} ORDER BY TERM, WRITER`, database)
  return rows.map((row) => {
    const [term, user] = row.split('\t')
    return { term: Number(term), user: user! }
  })
}

/** What must not be. Pure. */
export function writerFaults(writers: readonly Writer[]): string[] {
  const users = new Map<number, Set<string>>()
  for (const { term, user } of writers) users.set(term, (users.get(term) ?? new Set()).add(user))
  return [...users]
    .filter(([, ofTerm]) => ofTerm.size > 1)
    .map(([term, ofTerm]) => `in term ${term} wrote ${[...ofTerm].sort().join(' and ')}`)
}

const made = `CREATE TABLE ${table} (TERM BIGINT NOT NULL, WRITER VARCHAR(80) NOT NULL, PRIMARY KEY (TERM, WRITER))`

// The functions have the rights of whoever makes them, but `session_user` stays the user of the session.
const postgresqlTriggers = [
  made,
  `CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
     INSERT INTO ${table} SELECT TERM, session_user FROM ${state} ON CONFLICT DO NOTHING; RETURN NULL; END $$`,
  `CREATE TRIGGER note_writer AFTER UPDATE ON ${state} FOR EACH ROW EXECUTE FUNCTION note_writer()`,
  `CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE ON ${messages} FOR EACH ROW EXECUTE FUNCTION note_writer()`,
]

const user = "SUBSTRING_INDEX(USER(), '@', 1)"
const note = `INSERT IGNORE INTO ${table} SELECT TERM, ${user} FROM ${state}`

const mariadbTriggers = [
  `${made} ENGINE=InnoDB`,
  `CREATE TRIGGER note_writer_state AFTER UPDATE ON ${state} FOR EACH ROW INSERT IGNORE INTO ${table} VALUES (NEW.TERM, ${user})`,
  ...['INSERT', 'UPDATE', 'DELETE'].map(
    (change) => `CREATE TRIGGER note_writer_${change} AFTER ${change} ON ${messages} FOR EACH ROW ${note}`,
  ),
]
