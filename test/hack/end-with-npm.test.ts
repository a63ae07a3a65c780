// What npm has started ends with npm, however npm ends; what was started without npm outlives who started it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gone, isAlive, standalone, until } from '../support/stack.ts'
import { StartedProgram } from '../support/started-program.ts'

let directory: string
let cleanups: (() => void)[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-npm-'))
  cleanups = [() => rmSync(directory, { recursive: true, force: true })]
})
afterEach(() => {
  for (const cleanup of cleanups.reverse()) cleanup()
})

/** Resolves with all processes that it runs as when it has said that it is up. */
async function started(program: StartedProgram, isUp: string): Promise<number[]> {
  let processes = [program.child.pid!]
  cleanups.push(() => {
    for (const pid of processes) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
  await program.says(isUp)
  processes = program.processes()
  return processes
}

const brokerArguments = (): string[] => ['--data-directory', directory, '--admin-port', '0', '--openwire-port', '0']

function startArguments(): string[] {
  const manifest = join(directory, 'one.json')
  const object = { apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster', metadata: { name: 'one' } }
  writeFileSync(manifest, JSON.stringify({ ...object, spec: standalone('None') }))
  return ['--data', join(directory, 'data'), '--port', '0', '-f', manifest]
}

describe.each(['SIGTERM', 'SIGKILL'] as const)('npm ends by %s', (signal) => {
  test('npm start: API server, operator and brokers end', async () => {
    const npm = new StartedProgram('npm', ['start', '--', ...startArguments()])
    const processes = await started(npm, 'Up until Ctrl-C.')
    // npm, its shell (some replace themselves by the program), the program, the operator, a broker.
    expect(processes.length).toBeGreaterThanOrEqual(4)
    npm.child.kill(signal)
    await npm.ended
    await Promise.all(processes.map(gone))
    expect(npm.output).toContain('Stopping … nothing is left running.')
  })

  test('npm run broker: the broker ends', async () => {
    const npm = new StartedProgram('npm', ['run', 'broker', '--', ...brokerArguments()])
    const processes = await started(npm, 'Active (term 1)')
    npm.child.kill(signal)
    await npm.ended
    await Promise.all(processes.map(gone))
    expect(npm.output).toContain('Stopping')
  })
})

describe('the preload by itself', () => {
  /** Stands for npm. */
  let npm: StartedProgram

  const preloaded = (program: string): StartedProgram => {
    npm = new StartedProgram(process.execPath, ['--eval', 'setInterval(() => {}, 60_000)'])
    const preload = `./hack/end-with-npm.mjs?npm=${npm.child.pid!}`
    const preloading = new StartedProgram(process.execPath, ['--import', preload, '--eval', program])
    cleanups.push(
      () => void npm.kill(),
      () => void preloading.kill(),
    )
    return preloading
  }

  test('a program that was asked to end already is not asked again: that would cut it short', async () => {
    // The last timer is due after the next look at npm.
    const program = preloaded(`
      let asked = 0
      setInterval(() => {}, 60_000)
      process.on('SIGTERM', () => console.log('asked', ++asked))
      process.on('SIGUSR2', () => setTimeout(() => process.exit(asked), 250))
      console.log('ready')`)
    await program.says('ready')
    program.child.kill('SIGTERM')
    await program.says('asked 1')
    await npm.kill()
    program.child.kill('SIGUSR2')
    expect(await program.ended).toBe(1)
  })

  test('a program that listens to no signal is ended by it as ever', async () => {
    const program = preloaded(`console.log('ready'); setInterval(() => {}, 60_000)`)
    await program.says('ready')
    program.child.kill('SIGTERM')
    await program.ended
    expect(program.child.signalCode).toBe('SIGTERM')
  })

  test('it keeps no program running', async () => {
    expect(await preloaded('').ended).toBe(0)
  })
})

test('a broker that a script has left behind goes on', async () => {
  const script = '"$0" broker/main.mjs "$@" & echo "pid $!"'
  const shell = new StartedProgram('sh', ['-c', script, process.execPath, ...brokerArguments()])
  await shell.says('pid ')
  const pid = Number(/pid (\d+)/.exec(shell.output)![1])
  cleanups.push(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  await gone(shell.child.pid!)
  await until(() => shell.output.includes('Active (term 1)'), 'the broker is not active')
  expect(isAlive(pid)).toBe(true)
})
