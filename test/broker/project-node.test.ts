// `node broker/main.mjs` where `node` is one that cannot read TypeScript: here one that is told not to.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gone } from '../support/stack.ts'
import { StartedProgram } from '../support/started-program.ts'

const root = join(import.meta.dirname, '../..')

let directory: string
let running: StartedProgram[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-node-'))
})
afterEach(async () => {
  await Promise.all(running.map((program) => program.kill()))
  running = []
  rmSync(directory, { recursive: true, force: true })
})

function start(main: string, ...args: string[]): StartedProgram {
  const program = new StartedProgram(process.execPath, ['--no-strip-types', main, ...args])
  running.push(program)
  return program
}

const main = join(root, 'broker/main.mjs')

async function active(): Promise<StartedProgram> {
  const broker = start(main, '--data-directory', directory, '--admin-port', '0', '--openwire-port', '0')
  await broker.says('Active (term 1)')
  return broker
}

test("arguments go to the project's Node, its exit code comes back", async () => {
  const version = start(main, '--version')
  const wrong = start(main, '--bogus')
  expect([await version.ended, version.output]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  expect([await wrong.ended, wrong.output]).toEqual([2, expect.stringContaining("unknown option '--bogus'")])
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops the broker', async (signal) => {
  const broker = await active()
  const processes = broker.processes()
  expect(processes).toHaveLength(2)
  broker.child.kill(signal)
  expect(await broker.ended).toBe(0)
  expect(broker.output).toContain(`"signal":"${signal}","msg":"Stopping"`)
  await Promise.all(processes.map(gone))
})

test('killed, it takes the broker along', async () => {
  const broker = await active()
  const processes = broker.processes()
  await broker.kill()
  await Promise.all(processes.map(gone))
})

test('a broker that kills itself looks killed', async () => {
  const broker = await active()
  process.kill(broker.processes()[1]!, 'SIGKILL')
  await broker.ended
  expect(broker.child.signalCode).toBe('SIGKILL')
})

test("without the project's Node it says in one sentence what is needed", async () => {
  mkdirSync(join(directory, 'broker'))
  cpSync(join(root, 'broker'), join(directory, 'broker'), { recursive: true })
  const broker = start(join(directory, 'broker', 'main.mjs'))
  expect(await broker.ended).toBe(1)
  expect(broker.output).toBe(
    `Cannot start the broker: Node ${process.versions.node} is too old to read TypeScript; "npm run broker" installs and takes the right one.\n`,
  )
})
