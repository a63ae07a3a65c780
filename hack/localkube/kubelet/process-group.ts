// A container as a process: leader of its own process group, its output to a callback, and a socket as file descriptor 3
// (the lifeline) whose end tells it that the stand-in is gone. When the leader ends, the rest of the group is killed.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { outputDrainMs } from './limits.ts'

export const lifelineDescriptor = 3

export interface ProcessSpec {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

export interface ProcessEnd {
  readonly exitCode: number
}

export interface ProcessGroup {
  readonly pid: number
  readonly ended: Promise<ProcessEnd>
  /** Signals every process of the group. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void
}

type OnOutput = (stream: 'stdout' | 'stderr', chunk: Buffer) => void

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
}

/** Resolves once the process runs; rejects if it cannot be started (no such file, no permission, no such cwd). */
export function startProcessGroup(spec: ProcessSpec, onOutput: OnOutput): Promise<ProcessGroup> {
  const [file, ...args] = spec.command
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    child.once('error', reject)
    // Without descriptors to spare there are no streams; then `error` follows.
    const lifeline = child.stdio[lifelineDescriptor] as Readable | null
    lifeline?.on('error', ignore)
    child.stdout?.on('data', (chunk: Buffer) => onOutput('stdout', chunk)).on('error', ignore)
    child.stderr?.on('data', (chunk: Buffer) => onOutput('stderr', chunk)).on('error', ignore)
    const ended = new Promise<ProcessEnd>((end) => {
      child.once('exit', (code, signal) => {
        killGroup(child.pid!, 'SIGKILL')
        lifeline?.destroy()
        const drained = setTimeout(() => {
          child.stdout?.destroy()
          child.stderr?.destroy()
        }, outputDrainMs)
        child.once('close', () => {
          clearTimeout(drained)
          end(endOf(code, signal))
        })
      })
    })
    child.once('spawn', () => {
      const pid = child.pid!
      resolve({ pid, ended, signal: (name) => killGroup(pid, name) })
    })
  })
}

/** As containerd tells of it, which names no signal, from what Node tells of it. */
export function endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  return { exitCode: signal === null ? (code ?? 0) : 128 + (signalNumbers[signal] ?? 0) }
}

function ignore(): void {}

/** A group that has ended already is fine. */
export function killGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: nobody left.
  }
}
