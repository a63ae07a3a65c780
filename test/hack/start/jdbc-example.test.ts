// `npm start` with the example of a pair on a database, as a process: it starts the database itself, and leaves nothing of it running.
import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../../support/stack.ts'
import { StartedProgram } from '../../support/started-program.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('a pair on a database: what was stored arrives although the active is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-start-'))
  const data = join(directory, 'data')
  const example = join(root, 'examples', 'jdbc.yaml')
  const program = join(root, 'hack', 'start', 'main.ts')
  const run = new StartedProgram(process.execPath, [program, '--data', data, '--port', '0', '-f', example, '--exit'])
  try {
    await run.says('Proof with invoices: 1000 persistent messages, the active killed in the middle')
    const processes = run.processes()
    expect(run.output).toMatch(/Starting a PostgreSQL … jdbc:postgresql:\/\/127\.0\.0\.1:\d+\/postgres/)
    expect(run.output).toMatch(/StorageReady +True +DatabaseReachable/)
    expect([await run.ended, run.output]).toEqual([
      0,
      expect.stringContaining('1000 received, 0 lost, 0 duplicated, 0 out of order'),
    ])
    expect(processes.filter(isAlive)).toEqual([])
  } finally {
    await run.kill()
    rmSync(directory, { recursive: true, force: true })
  }
})
