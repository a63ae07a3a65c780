// Runs once while the image is built, from the files of the image: each program is loaded, the broker until it is active
// and has ended in good order, and Node leaves the compiled code in a folder. What does not start makes no image.
//
//   compile.ts DIRECTORY      must not exist yet
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entrypoint = fileURLToPath(new URL('entrypoint.mjs', import.meta.url))
const active = '"msg":"Active '

const [compiled] = process.argv.slice(2)
if (compiled === undefined) throw new Error('Cannot compile: no directory was given')
const scratch = mkdtempSync(join(tmpdir(), 'flotilla-compile-'))
try {
  await runBroker(join(scratch, 'data'))
  await endOf('operator --help', run(['operator', '--help']))
  await endOf('journal --help', run(['journal', '--help']))
  const [made] = readdirSync(join(scratch, 'compiled'))
  renameSync(join(scratch, 'compiled', made!), compiled)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function runBroker(dataDirectory: string): Promise<void> {
  const broker = run(['broker', '--data-directory', dataDirectory, '--admin-port', '0', '--openwire-port', '0'])
  let output = ''
  broker.stdout!.on('data', (data: Buffer) => {
    if (output.includes(active)) return
    output += data.toString()
    if (output.includes(active)) broker.kill('SIGTERM')
  })
  await endOf('broker', broker)
  if (!output.includes(active)) throw new Error(`Cannot compile: the broker was never active\n${output}`)
}

function run(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entrypoint, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(scratch, 'compiled') },
  })
}

async function endOf(what: string, child: ChildProcess): Promise<void> {
  child.stdout!.resume()
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`Cannot compile: ${what} ended with ${code}`)
}
