// Runs once while the image is built, from the files of the image: each program is loaded, the broker until it is active
// and has ended in good order, and Node leaves the compiled code in a folder. What does not start makes no image.
//
//   compile.ts DIRECTORY      must not exist yet
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entrypoint = fileURLToPath(new URL('entrypoint.mjs', import.meta.url))
const active = '"msg":"Active '

const [compiled] = process.argv.slice(2)
if (compiled === undefined) throw new Error('Cannot compile: no directory was given')
const scratch = mkdtempSync(join(tmpdir(), 'flotilla-compile-'))
try {
  await runBroker()
  for (const program of ['operator', 'journal']) await endOf(program, run(program, ['--help']))
  for (const program of readdirSync(join(scratch, 'compiled'))) keep(program)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function runBroker(): Promise<void> {
  const data = join(scratch, 'data')
  const broker = run('broker', ['--data-directory', data, '--admin-port', '0', '--openwire-port', '0'])
  let output = ''
  broker.stdout!.on('data', (data: Buffer) => {
    if (output.includes(active)) return
    output += data.toString()
    if (output.includes(active)) broker.kill('SIGTERM')
  })
  await endOf('broker', broker)
  if (!output.includes(active)) throw new Error(`Cannot compile: the broker was never active\n${output}`)
}

/** Each program has a folder: the broker sets flags of V8, and what was compiled without them does not fit. */
function run(program: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entrypoint, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(scratch, 'compiled', program) },
  })
}

/** Without the folder that Node names after itself, the processor and the user: compiled-code.mjs. */
function keep(program: string): void {
  const [made] = readdirSync(join(scratch, 'compiled', program))
  cpSync(join(scratch, 'compiled', program, made!), join(compiled!, program), { recursive: true })
}

async function endOf(what: string, child: ChildProcess): Promise<void> {
  child.stdout!.resume()
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`Cannot compile: ${what} ended with ${code}`)
}
