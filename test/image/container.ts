// A container of the image, run by runc, in a network of its own.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from './image.ts'
import { buildRuntimeSpec, type ContainerSpec } from './runtime-spec.ts'

const nodeBinary = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'node')

export type ContainerOptions = Partial<Pick<ContainerSpec, 'env' | 'args' | 'mounts'>> &
  Pick<ContainerSpec, 'hostname' | 'user'> & {
    /** Made, but not started before `release`. */
    readonly isHeld?: boolean
  }

export class Container {
  output = ''
  /** Of one that is held. */
  readonly isMade: Promise<unknown>
  readonly #id: string
  readonly #state: string
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  /** Nothing of it writes any more. */
  #isOver = false
  #heard = (): void => {}

  /** `directory` is for what the runtime wants to have in files. */
  constructor(image: Image, directory: string, options: ContainerOptions) {
    const { config, root } = image
    const { hostname, user, env = [], args = [], mounts = [] } = options
    this.#id = `flotilla-test-${process.pid}-${hostname}`
    this.#state = join(directory, 'runc')
    const bundle = join(directory, hostname)
    mkdirSync(bundle, { recursive: true })
    const spec = buildRuntimeSpec(root, {
      hostname,
      user,
      mounts,
      cwd: config.WorkingDir,
      env: [...config.Env, ...env],
      args: [...config.Entrypoint, ...args],
    })
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec, undefined, 2))
    const command = options.isHeld === true ? 'create' : 'run'
    this.#child = spawn('runc', ['--root', this.#state, command, '--bundle', bundle, this.#id], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.isMade = once(this.#child, 'exit')
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (data: Buffer) => {
        this.output += data.toString()
        this.#heard()
      })
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#isOver = true
      this.#heard()
      return code as number | null
    })
  }

  /** Its exit code. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  release(): void {
    spawn('runc', ['--root', this.#state, 'start', this.#id], { stdio: 'inherit' })
  }

  says(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#heard = () => {
        if (this.output.includes(text)) resolve()
        else if (this.#isOver) reject(new Error(`It ended without "${text}":\n${this.output}`))
      }
      this.#heard()
    })
  }

  /** To process 1. Resolves with the exit code, for one that was held with that of its making. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (!this.#isOver) execFileSync('runc', ['--root', this.#state, 'kill', this.#id, signal])
    const code = await this.#ended
    // Of one that ran to its end the runtime has left nothing.
    execFileSync('runc', ['--root', this.#state, 'delete', '--force', this.#id])
    return code
  }

  /** Runs a program of this repository outside of the container, but in its network; returns what it writes. */
  visit(program: string, ...args: string[]): string {
    const state = execFileSync('runc', ['--root', this.#state, 'state', this.#id], { encoding: 'utf8' })
    const { pid } = JSON.parse(state) as { readonly pid: number }
    return execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, nodeBinary, program, ...args], { encoding: 'utf8' })
  }
}
