import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSql } from '../../support/run-sql.ts'
import { StartedProgram } from '../../support/started-program.ts'

const program = join(import.meta.dirname, '..', '..', '..', 'hack', 'databases', 'services.ts')
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-services-'))
  chmodSync(directory, 0o755) // the servers are other users
})
afterEach(async () => {
  await services('stop', 'all')
  rmSync(directory, { recursive: true, force: true })
})

async function services(...args: string[]): Promise<{ code: number | null; output: string }> {
  const started = new StartedProgram(process.execPath, [program, ...args, '--directory', directory])
  return { code: await started.ended, output: started.output.trim() }
}

test('a service runs until it is stopped, and goes on where it was', async () => {
  const start = ['start', 'postgresql', '--embedded', '--no-sync'] as const
  expect(await services(...start)).toMatchObject({ code: 0 })
  const { output: url } = await services('url', 'postgresql')
  await runSql(url, 'CREATE TABLE KEPT (ID INT)')

  expect((await services(...start)).output).toContain(`The embedded PostgreSQL runs: ${url}\n`)
  expect((await services('status')).output).toContain(`The embedded PostgreSQL runs: ${url}\nmariadb does not run`)

  await services('stop', 'postgresql')
  expect(await services('url', 'postgresql')).toEqual({
    code: 1,
    output: 'Cannot print the URL of postgresql: it does not run',
  })
  await expect(runSql(url, 'SELECT * FROM KEPT')).rejects.toMatchObject({ code: 'ECONNREFUSED' })

  await services(...start)
  expect(await runSql(url, 'SELECT * FROM KEPT')).toEqual([])
})

test('a command has databases of its own, which go with it', async () => {
  const print = 'console.log(process.env.FLOTILLA_TEST_POSTGRESQL); process.exitCode = 3'
  const args = ['run', '--embedded', '--no-sync', 'postgresql', '--', process.execPath, '--eval', print]
  const run = new StartedProgram(process.execPath, [program, ...args])
  expect(await run.ended).toBe(3)
  await expect(runSql(run.output.trim(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('what is no service is refused', async () => {
  expect(await services('start', 'oracle')).toEqual({
    code: 2,
    output: expect.stringContaining('Expected postgresql, mariadb or all.'),
  })
})
