// On real processes, because what Node does for signals hangs on who listens when.
import { expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..')
const nodeBinary = join(root, 'node_modules', '.bin', 'node')

/** A process that goes on after `endOnEarlySignal`, and gets the signal when it has said "ready". Returns what it wrote. */
async function signalled(signal: NodeJS.Signals, goesOn: string): Promise<{ output: string; end: unknown[] }> {
  const program = `import { endOnEarlySignal } from ${JSON.stringify(join(root, 'hack/image/early-signal.ts'))}
endOnEarlySignal(process)
setInterval(() => {}, 1000)
${goesOn}
console.log('ready')`
  const child = spawn(nodeBinary, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
    if (output === 'ready\n') child.kill(signal)
  })
  return { end: await once(child, 'close'), output }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends in good order what does not listen yet', async (signal) => {
  expect(await signalled(signal, '')).toEqual({ output: 'ready\n', end: [0, null] })
})

test('a program that listens gets the signal, and decides', async () => {
  const listens = `process.on('SIGTERM', () => { console.log('stopping'); setTimeout(() => process.exit(3), 10) })`
  expect(await signalled('SIGTERM', listens)).toEqual({ output: 'ready\nstopping\n', end: [3, null] })
})

test('one that listens to SIGTERM only still ends on SIGINT', async () => {
  expect(await signalled('SIGINT', `process.on('SIGTERM', () => {})`)).toEqual({ output: 'ready\n', end: [0, null] })
})

test('one that has stopped to listen ends', async () => {
  const listened = `const stop = () => {}; process.on('SIGTERM', stop); process.off('SIGTERM', stop)`
  expect(await signalled('SIGTERM', listened)).toEqual({ output: 'ready\n', end: [0, null] })
})
