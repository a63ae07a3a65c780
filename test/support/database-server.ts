// A database server of a test's own: a process with its files in a directory of its own, on a port that was free, which a test starts, kills,
// and starts again. It syncs its writes as one in production does. Its own command line is asked, so that what is tested is not
// what tests.
import { execFile, spawn, type ChildProcess, type ExecFileOptions } from 'node:child_process'
import { chownSync } from 'node:fs'
import { makeServerDirectory, serverUser, type ServerUser } from '../../hack/databases/server-user.ts'
import { withDescendants } from './started-program.ts'

const pollMs = 25
const startTimeoutMs = 60_000
const maxOutputBytes = 64 * 2 ** 20
/** Of a statement of the test. */
export const queryTimeoutMs = 10_000

export abstract class DatabaseServer {
  abstract readonly kind: 'postgresql' | 'mariadb'
  /** Its files, its socket and its log. */
  readonly directory: string
  readonly port: number
  readonly #user: ServerUser | undefined
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #log = ''

  /** `users`: of the system, that it may run as. */
  constructor(directory: string, port: number, users: readonly string[]) {
    this.directory = directory
    this.port = port
    this.#user = serverUser(users)
    makeServerDirectory(directory, this.#user)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when it answers, also when it runs already. Again and again when it ends at once: what a killed one had open may still be held for a moment. */
  async start(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs
    for (;;) {
      if (!this.isRunning) this.#spawn()
      if (await this.answers()) return
      if (Date.now() > deadline) throw new Error(`Cannot start ${this.kind} in ${this.directory}:\n${this.#log}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  /** SIGKILL of all its processes at once, as when its machine loses power, but for what the disk has. */
  async kill(): Promise<void> {
    const pid = this.#child?.pid
    if (pid === undefined || !this.isRunning) return
    for (const one of withDescendants(pid))
      try {
        process.kill(one, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    await this.#exited
  }

  /** Rows as lines, columns separated by tabs. `user` instead of the one who may do all. */
  abstract query(text: string, database?: string, user?: string): Promise<string[]>
  /** Ends all sessions of this user; resolves with their number. */
  abstract endSessions(user: string): Promise<number>
  /** A program that takes a session of this user and keeps it until it is killed. */
  abstract occupy(user: string, database: string): ChildProcess
  /** Of a database with these users, of whom each may do all in it. `place`: a directory for what it stores. */
  abstract createDatabase(name: string, users: readonly string[], place?: string): Promise<void>

  protected abstract command(): readonly string[]

  protected async answers(): Promise<boolean> {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    )
  }

  protected give(path: string): void {
    if (this.#user) chownSync(path, this.#user.uid, this.#user.gid)
  }

  /** A program of the server, as its account. */
  protected async run(command: string, args: readonly string[]): Promise<void> {
    await linesOf(command, args, { cwd: this.directory, ...this.#user })
  }

  #spawn(): void {
    const [command, ...args] = this.command()
    const child = spawn(command!, args, {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A signal for the test's process group is not for it.
      detached: true,
      ...this.#user,
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.#log = (this.#log + data.toString()).slice(-10_000)))
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
  }
}

/** Output lines of a program; rejects with what it complains of. */
export function linesOf(
  command: string,
  args: readonly string[],
  { env, ...options }: Pick<ExecFileOptions, 'cwd' | 'uid' | 'gid' | 'env' | 'timeout'> = {},
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const all = { ...options, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: maxOutputBytes } as const
    execFile(command, args, all, (error, stdout, stderr) => {
      if (error) reject(new Error(`Cannot run ${command}: ${stderr || error.message}`, { cause: error }))
      else resolve(stdout.split('\n').filter((line) => line !== ''))
    })
  })
}
