// The operator as `npm start` runs it: a process of its own against the stand-in, as it would run in a cluster.
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StartProblem } from './problem.ts'

const root = join(import.meta.dirname, '..', '..')
const stopWithinMs = 5000
const rememberedLines = 20

export class OperatorProcess {
  readonly #child: ChildProcess
  readonly #lastLines: string[] = []
  #stopping = false
  /** Rejects when the operator ends by itself: it never should. */
  readonly failed: Promise<never>
  readonly #exited: Promise<void>

  constructor(kubeconfig: string, logFile: string, environment: Readonly<Record<string, string>>) {
    mkdirSync(dirname(logFile), { recursive: true })
    const log = createWriteStream(logFile, { flags: 'a' })
    const args = [join(root, 'operator', 'main.ts'), '--kubeconfig', kubeconfig, '--health-port', '0']
    // The pipe on descriptor 3 closes when this process dies, however it dies; see broker/end-with-parent.mjs.
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--import', join(root, 'broker', 'end-with-parent.mjs'), ...args],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
        env: { ...process.env, ...environment },
      },
    )
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        log.write(data)
        this.#lastLines.push(...data.toString().split('\n').filter(Boolean))
        this.#lastLines.splice(0, this.#lastLines.length - rememberedLines)
      })
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()))
    this.failed = new Promise((_, reject) =>
      child.once('exit', (code, signal) => {
        if (!this.#stopping)
          reject(new StartProblem(`The operator ended by itself (${signal ?? code}):\n${this.#lastLines.join('\n')}`))
      }),
    )
    this.failed.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs)
    await this.#exited
    clearTimeout(timer)
  }
}
