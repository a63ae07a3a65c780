// An operator as a process of its own, to be killed and frozen.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

export class OperatorProcess {
  /** Its identity among the contenders. */
  readonly identity: string
  output = ''
  readonly #child: ChildProcess
  #isKilled = false

  constructor(identity: string, kubeconfig: string, namespace: string) {
    this.identity = identity
    const endWithParent = join(root, 'broker', 'end-with-parent.mjs')
    const program = [
      '--disable-warning=ExperimentalWarning',
      '--import',
      endWithParent,
      join(root, 'operator', 'main.ts'),
    ]
    const flags = {
      kubeconfig,
      identity,
      'watch-namespaces': namespace,
      'lease-namespace': namespace,
      'health-host': '127.0.0.1',
      'health-port': '0',
    }
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    this.#child = spawn(process.execPath, [...program, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (data: Buffer) => (this.output += data.toString()))
  }

  /** Nobody has ended it. */
  get hasEndedByItself(): boolean {
    return !this.#isKilled && !this.isRunning
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get residentMiB(): number {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))!
    return Math.round(Number(kib) / 1024)
  }

  /** At once, also when it is frozen. */
  kill(): void {
    this.#isKilled = true
    this.#child.kill('SIGKILL')
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return
    const exited = once(this.#child, 'exit')
    this.kill()
    await exited
  }
}
