// A database that ActiveMQ and ours share (jdbc/), PostgreSQL and MariaDB: taken over in both directions, and never used by both.
import { freshDatabase, testDatabases, type TestDatabase } from '../support/databases.ts'
import { lockers } from './jdbc/brokers.ts'
import type { Check } from './jdbc/check.ts'
import { exclusion } from './jdbc/exclusion.ts'
import { takeover, type Written } from './jdbc/takeover.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

export interface JdbcChecks {
  /** Only scenes with this in their name: `postgresql, takeover`. */
  readonly tests: string
}

interface Scene {
  readonly name: string
  readonly play: (database: TestDatabase, check: Check) => Promise<void>
}

/** Tables as ActiveMQ makes them, and those with the key that topics by priority need; messages of the newest form, and of that of old stores. */
const writings: Readonly<Record<TestDatabase['kind'], Readonly<Record<string, Written>>>> = {
  postgresql: {
    takeover: { settings: [], settingsAfterwards: [], prepares: true, durableByPriority: false },
    'takeover of version 6': {
      settings: ['acksPkName=pk_activemq_acks', 'storeOpenWireVersion=6'],
      settingsAfterwards: ['acksPkName=pk_activemq_acks'],
      prepares: false,
      durableByPriority: true,
    },
  },
  mysql: {
    takeover: { settings: [], settingsAfterwards: [], prepares: true, durableByPriority: true },
    'takeover of version 6': {
      settings: ['storeOpenWireVersion=6'],
      settingsAfterwards: [],
      prepares: false,
      durableByPriority: true,
    },
  },
}

/** Each has up to three processes that mostly wait. */
const scenesAtATime = 2

export async function checkJdbc({ tests }: JdbcChecks, report: Report): Promise<void> {
  const runs = (await testDatabases()).flatMap((server) =>
    scenesOf(server.kind)
      .map(({ name, play }) => ({ server, name: `${server.kind}, ${name}`, play }))
      .filter(({ name }) => name.includes(tests)),
  )
  await Promise.all(
    Array.from({ length: scenesAtATime }, async () => {
      for (let run = runs.shift(); run; run = runs.shift()) await playScene(run.server, run, report)
    }),
  )
}

const scenesOf = (kind: TestDatabase['kind']): Scene[] => [
  ...Object.entries(writings[kind]).map(([name, written]): Scene => ({
    name,
    play: (database, check) => takeover(database, written, check),
  })),
  ...lockers.map((locker): Scene => ({
    name: `one of two, ${locker}`,
    play: (database, check) => exclusion(database, locker, check),
  })),
]

async function playScene(server: TestDatabase, { name, play }: Scene, report: Report): Promise<void> {
  const startedAt = Date.now()
  try {
    const database = await freshDatabase(server)
    try {
      await play(database, async (what, body) => {
        try {
          report(true, `${name}: ${what}`, (await body()) ?? '')
        } catch (error) {
          report(false, `${name}: ${what}`, shortened(error))
        }
      })
    } finally {
      await database.drop()
    }
    console.log(`   ${name}: ${Date.now() - startedAt} ms`)
  } catch (error) {
    report(false, `${name} ran`, shortened(error))
  }
}

const longestReason = 2000

const shortened = (error: unknown): string => String(error).slice(0, longestReason)
