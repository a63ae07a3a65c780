// A program that a test has started: what it says, how it ends, and what runs below it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

export class StartedProgram {
  output = ''
  readonly child: ChildProcess
  readonly #exited: Promise<number | null>
  #heard = (): void => {}

  /** With `detached` in a process group of its own, as a shell's job. */
  constructor(command: string, args: readonly string[], options: { readonly detached?: boolean } = {}) {
    this.child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (data: Buffer) => {
        this.output += data.toString()
        this.#heard()
      })
    this.#exited = once(this.child, 'close').then(([code]) => {
      this.#heard()
      return code as number | null
    })
  }

  /** Resolves with the exit code when nothing that it has started writes to its output any more. */
  get ended(): Promise<number | null> {
    return this.#exited
  }

  /** Resolves when it has written this. */
  says(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#heard = () => {
        if (this.output.includes(text)) resolve()
        else if (this.child.exitCode !== null) reject(new Error(`It ended without "${text}":\n${this.output}`))
      }
      this.#heard()
    })
  }

  /** Only itself, not what runs below it. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.#exited
  }

  /** It, and everything that runs below it, also in process groups of its own. */
  processes(): number[] {
    return withDescendants(this.child.pid!)
  }
}

/** Itself first. */
export function withDescendants(process: number): number[] {
  const parents = parentProcesses()
  const found = [process]
  for (const ancestor of found) for (const [pid, parent] of parents) if (parent === ancestor) found.push(pid)
  return found
}

/** By process id. */
function parentProcesses(): Map<number, number> {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]))
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Map(pids.map((pid) => [Number(pid), parentOf(pid)]))
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0 // ended meanwhile
  }
}
