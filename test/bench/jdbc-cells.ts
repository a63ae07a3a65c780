// The cells of `npm run bench -- --store jdbc`: persistent messages with the store in a database, beside ActiveMQ on the same server.
import { cells, type Cell, type Goal } from './cells.ts'
import type { ReportPage } from './report.ts'

/** Of broker CPU: a third. */
const goals: Readonly<Record<string, readonly Goal[]>> = {
  'persistent-1x1': [{ figure: 'rate', ratio: 1.5 }],
  'persistent-4x4': [{ figure: 'rate', ratio: 3 }],
  'persistent-16x16': [{ figure: 'rate', ratio: 5 }],
  'store-first-1x1': [{ figure: 'rate', ratio: 1 }],
  'store-first-16x16': [{ figure: 'rate', ratio: 3 }],
  'transacted-1x1': [{ figure: 'rate', ratio: 3 }],
  backlog: [
    { figure: 'fillRate', ratio: 3 },
    { figure: 'drainRate', ratio: 3 },
  ],
}

export const jdbcCells: readonly Cell[] = cells
  .filter(({ id }) => goals[id] !== undefined)
  .map((cell) => ({
    ...cell,
    goals: [...goals[cell.id]!, { figure: 'cpuPer100k', ratio: 1 / 3 }],
    also: ['packetsPerMessage', 'commitsPerMessage', 'databaseCpuPer100k'],
  }))

export const jdbcPage: ReportPage = {
  title: 'Benchmarks with the store in a database',
  command: 'npm run bench -- --store jdbc',
  cells: jdbcCells,
  explanation: [
    'Flotilla and ActiveMQ have their store and their lock in a database, each in one of its own on the same PostgreSQL server, which',
    'waits for the disk at each commit; the brokers in turn, each on empty tables. How they are driven is as in',
    '[Benchmarks](benchmarks.md). ActiveMQ has the pool of its own examples, commons-dbcp2 with prepared statements kept, and',
    'all connections kept, too.',
    '',
    'ActiveMQ with a database writes each message before a consumer has it, and deletes it again. Flotilla hands it to a waiting consumer while it',
    'writes it, and does not write what is acknowledged before that (concurrentStoreAndDispatchQueues, which is for KahaDB only in',
    'ActiveMQ); "stored before dispatch" is with that setting off.',
    '',
    'Round trips are packets with data in them that the broker has sent to the database, as the kernel counts them: each round trip',
    'is at least one, and more if it has more than 64 KiB. Commits are those of the database, also of statements that',
    'change nothing. The CPU of the database is that of the whole server.',
    '',
  ],
}
