import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDatabase, wantsDatabase, type ExampleDatabase } from '../../../hack/start/example-database.ts'
import { loadManifests, type Manifest } from '../../../hack/start/manifests.ts'
import { runSql } from '../../support/run-sql.ts'

const examples = join(import.meta.dirname, '..', '..', '..', 'examples')
const example = loadManifests([join(examples, 'jdbc.yaml')])

let directory: string
let running: ExampleDatabase | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-start-database-'))
  chmodSync(directory, 0o755)
})
afterEach(async () => {
  await running?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const secretOf = (manifests: readonly Manifest[]): Record<string, string> =>
  manifests.find(({ object }) => object.kind === 'Secret')!.object['stringData'] as Record<string, string>

const urlOf = (manifests: readonly Manifest[]): string => {
  const { url, username, password } = secretOf(manifests)
  return `${url}?user=${username}&password=${password}`
}

async function started(): Promise<ExampleDatabase> {
  await running?.stop()
  running = await startDatabase(example, directory)
  return running
}

test('the Secret of the example says where the database is, and its data is there the next time', async () => {
  const { manifests, place } = await started()
  expect(secretOf(manifests)['url']).toBe(place)
  expect(manifests.filter(({ object }) => object.kind !== 'Secret')).toEqual([example[1]])
  await runSql(urlOf(manifests), 'CREATE TABLE KEPT (ID INT)')
  const again = await started()
  expect(again.manifests).toEqual(manifests)
  expect(await runSql(urlOf(again.manifests), 'SELECT * FROM KEPT')).toEqual([])
})

test('root keeps no data where the user of the server does not get to, and says so', async () => {
  chmodSync(directory, 0o700)
  const { manifests, place } = await started()
  const ending = process.getuid?.() === 0 ? ', whose data goes when it ends' : ''
  expect(place).toBe(`${secretOf(manifests)['url']}${ending}`)
  expect(await runSql(urlOf(manifests), 'SELECT 1 AS n')).toEqual([{ n: 1 }])
})

test('only a Secret that asks for one, and for one that there is', () => {
  expect(wantsDatabase(example)).toBe(true)
  expect(wantsDatabase(loadManifests([join(examples, 'master-slave.yaml')]))).toBe(false)
  const other = structuredClone(example[0]!)
  other.object.metadata['annotations'] = { 'localkube/database': 'oracle' }
  expect(() => wantsDatabase([other])).toThrow(
    /^Cannot start a database for Secret "invoices-db" of .*jdbc.yaml: annotation localkube\/database is "oracle", expected "postgresql"\.$/,
  )
})
