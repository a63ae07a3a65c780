// A process of its own that runs a database server and ends it: when it is told to (SIGTERM), and when whoever started it is gone, even by
// SIGKILL, because then the pipe on descriptor 3 closes (broker/end-with-parent.mjs). The server's own output goes to a file.
//
//   keep-server.ts '{…}'     a KeptServer as JSON; writes "ready" and a line feed when the server accepts connections, or why it does not
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import type { KeptServer, Program } from './kept-server.ts'

const rememberedCharacters = 4000

const server = JSON.parse(process.argv[2]!) as KeptServer
const log = createWriteStream(server.logFile, { flags: 'a' })
let lastOutput = ''
let running: ChildProcess | undefined
let isEnding = false

if (server.endsWithParent) {
  const parent = new Socket({ fd: 3, readable: true, writable: false })
  parent.on('close', end)
  parent.on('error', () => {})
  parent.resume()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end)
process.stdout.on('error', () => {}) // nobody listens any more

process.exitCode = await run()
if (server.isTemporary) rmSync(server.directory, { recursive: true, force: true })
process.exit()

async function run(): Promise<number> {
  for (const step of server.preparation) {
    const code = await ended(step)
    if (isEnding) return 0
    if (code !== 0) return failed(`${step.command} ended with ${code}`)
  }
  let isReady = false
  const code = await ended(server.program, (output) => {
    if (isReady || !output.includes(server.readyText)) return
    isReady = true
    process.stdout.write('ready\n')
  })
  return isEnding ? 0 : failed(`${server.program.command} ended with ${code}`)
}

function failed(state: string): number {
  process.stdout.write(`${state}:\n${lastOutput.trimEnd()}\n`)
  return 1
}

/** Resolves with its exit code, or the signal or error that it ended by. `hears` gets the end of what it has written so far. */
function ended(program: Program, hears: (output: string) => void = () => {}): Promise<number | string> {
  return new Promise((resolve) => {
    const { command, args, user } = program
    const environment = { ...process.env, LC_ALL: 'C', ...program.environment }
    const child = spawn(command, args, { ...user, cwd: '/', env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    running = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        log.write(data)
        lastOutput = (lastOutput + data.toString()).slice(-rememberedCharacters)
        hears(lastOutput)
      })
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'no code'))
    if (isEnding) child.kill(server.stopSignal)
  })
}

function end(): void {
  isEnding = true
  running?.kill(server.stopSignal)
}
