// `npm start` with the example of a network, as a process: what is sent to the active of a pair arrives at a broker without a store
// that is joined with it, while that active is killed and its standby takes over.
import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../../support/stack.ts'
import { StartedProgram } from '../../support/started-program.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('three servers: messages pass the edge while the active is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-start-'))
  const data = join(directory, 'data')
  const example = join(root, 'examples', 'three-servers.yaml')
  const program = join(root, 'hack', 'start', 'main.ts')
  const run = new StartedProgram(process.execPath, [program, '--data', data, '--port', '0', '-f', example, '--exit'])
  try {
    await run.says('Proof with three-servers: 1000 persistent messages to group bc, consumed at group a')
    const processes = run.processes()
    expect(run.output).toMatch(/NetworkConnected True +AllEdgesConnected/)
    expect([await run.ended, run.output]).toEqual([
      0,
      expect.stringContaining('1000 received, 0 lost, 0 duplicated, 0 out of order'),
    ])
    expect(run.output).toMatch(/killed three-servers-bc-\d \(SIGKILL\): three-servers-bc-\d took over after \d+ ms/)
    expect(processes.filter(isAlive)).toEqual([])
  } finally {
    await run.kill()
    rmSync(directory, { recursive: true, force: true })
  }
})
