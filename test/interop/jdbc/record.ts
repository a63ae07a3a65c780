// `node test/interop/jdbc/record.ts`: records anew what ActiveMQ 5.17 leaves in a database, for the tests of our store
// (test/broker/store/sql/activemq-5.17), and what it delivers of that after it was killed and started again.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActivemqOnJdbc, knownAdapter } from '../../support/activemq-on-jdbc.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { freshDatabase, testDatabases, type TestDatabase } from '../../support/databases.ts'
import { runClient } from './jdbc-client.ts'
import { rowsOf, schemaOf } from './sql.ts'

const folder = join(import.meta.dirname, '..', '..', 'broker', 'store', 'sql', 'activemq-5.17')
/** Larger messages are left out of the files. */
const largestBytes = 4096

const withPriority = ['acksPkName=pk_activemq_acks']

async function record(
  name: string,
  of: TestDatabase,
  settings: readonly string[],
  durableByPriority: boolean,
): Promise<void> {
  const database = await freshDatabase(of)
  try {
    const [port] = (await freePorts(1)) as [number]
    const activemq = (): Promise<ActivemqOnJdbc> => new ActivemqOnJdbc({ url: database.url, port, settings }).started()
    const first = await activemq()
    await runClient(first.url, ['write 0', 'prepare 0'], { durableByPriority })
    await first.kill()
    const messages = await rowsOf(database, 'ACTIVEMQ_MSGS', 'ID')
    const acks = await rowsOf(database, 'ACTIVEMQ_ACKS', 'CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY')
    const again = await activemq()
    const delivered = await runClient(again.url, ['drain'], { durableByPriority })
    await again.kill()
    const recorded = {
      kind: database.kind,
      settings,
      schema: await schemaOf(database),
      messages: messages.filter(({ MSG }) => String(MSG).length <= 2 * largestBytes),
      acks,
      delivered: delivered.filter((line) => line.length <= 4 * largestBytes),
    }
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(recorded, undefined, 1)}\n`)
    console.log(
      `${name}: ${messages.length} messages, ${acks.length} rows of subscriptions, ${delivered.length} deliveries`,
    )
  } finally {
    await database.drop()
  }
}

for (const database of await testDatabases())
  if (database.kind === 'postgresql') {
    await record('postgresql', database, [], false)
    await record('postgresql-version-6', database, [...withPriority, 'storeOpenWireVersion=6'], true)
  } else {
    await record('mariadb', database, knownAdapter(database.url), true)
    await record('mariadb-version-6', database, [...knownAdapter(database.url), 'storeOpenWireVersion=6'], true)
  }
