// The real kubectl, unmodified and without special flags, for suites that run it against the stand-in.
// Taken from KUBECTL or PATH; without one the suites say so and are skipped.
import { describe } from '@jest/globals'
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

const path = findKubectl()
export const describeWithKubectl = path === undefined ? describe.skip : describe
if (path === undefined) console.warn('kubectl is neither in KUBECTL nor on PATH: its suite is skipped')

function findKubectl(): string | undefined {
  const candidate = process.env['KUBECTL'] ?? 'kubectl'
  try {
    execFileSync(candidate, ['version', '--client'], { stdio: 'ignore' })
    return candidate
  } catch {
    return undefined
  }
}

export interface Outcome {
  readonly code: number
  readonly stdout: Buffer
  /** Everything printed. */
  readonly out: string
}

/** Splits at blanks outside single quotes. */
const splitCommand = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!)

/** kubectl with a home directory, in which the file `kubeconfig` is. */
export class Kubectl {
  readonly #home: string

  constructor(home: string) {
    this.#home = home
  }

  start(command: string | readonly string[], environment: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const args = typeof command === 'string' ? splitCommand(command) : command
    const env = { ...process.env, HOME: this.#home, KUBECONFIG: join(this.#home, 'kubeconfig'), ...environment }
    return spawn(path!, args, { env })
  }

  /** `input` goes to the standard input. */
  run(
    command: string | readonly string[],
    input: unknown = '',
    environment: Record<string, string> = {},
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = this.start(command, environment)
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      child.stdout.on('data', (data: Buffer) => stdout.push(data))
      child.stderr.on('data', (data: Buffer) => stderr.push(data))
      child.once('close', (code) => {
        const printed = Buffer.concat(stdout)
        resolve({ code: code ?? 1, stdout: printed, out: printed.toString() + Buffer.concat(stderr).toString() })
      })
      // One that ends without reading all of it is no failure.
      child.stdin.on('error', () => {})
      child.stdin.end(typeof input === 'string' || Buffer.isBuffer(input) ? input : JSON.stringify(input))
    })
  }

  /** The output of a command that must succeed. */
  async ok(
    command: string | readonly string[],
    input?: unknown,
    environment?: Record<string, string>,
  ): Promise<string> {
    const { code, out } = await this.run(command, input, environment)
    if (code !== 0) throw new Error(`kubectl ${String(command)}: exit ${code}: ${out}`)
    return out
  }

  /** The output of a command that must fail. */
  async refused(command: string | readonly string[], input?: unknown): Promise<string> {
    const { code, out } = await this.run(command, input)
    if (code === 0) throw new Error(`kubectl ${String(command)}: succeeded: ${out}`)
    return out
  }
}
