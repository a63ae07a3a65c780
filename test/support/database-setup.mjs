// Jest's globalSetup: the databases of a whole run are started by Jest's own process, when the first test of any worker asks for them.
import { hostDatabases } from './database-servers.ts'

export default async function setUp() {
  const host = await hostDatabases()
  process.env.FLOTILLA_TEST_DATABASES = host.url
  globalThis.flotillaDatabaseHost = host
}
