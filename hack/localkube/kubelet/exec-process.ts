// Commands that somebody runs in a container (`kubectl exec`, `cp`): a process like the container's own, with its environment
// and working directory, but with its input and output at the other end of a connection. A terminal is made by `script`, which
// Linux and macOS have; its size is the one at the start.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { RemoteProcess } from '../api/registry.ts'
import { endOf, killGroup, lifelineDescriptor, type ProcessSpec } from './process-group.ts'

interface ExecOptions {
  readonly stdin: boolean
  readonly tty: boolean
}

export interface ExecProcess extends RemoteProcess {
  readonly pid: number
}

/** Rejects if it cannot be started (no such file, no permission, no such cwd). */
export function startExecProcess(spec: ProcessSpec, { stdin, tty }: ExecOptions): Promise<ExecProcess> {
  const [file, ...args] = tty ? withTerminal(spec.command) : spec.command
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, {
      cwd: spec.cwd,
      env: { ...spec.env, ...(tty ? { TERM: spec.env['TERM'] ?? 'xterm' } : {}) },
      detached: true,
      stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
    })
    child.once('error', reject)
    // Without descriptors to spare there are no streams; then `error` follows.
    const lifeline = child.stdio[lifelineDescriptor] as Readable | null
    lifeline?.on('error', () => {})
    const ended = new Promise<number>((end) => {
      child.once('exit', () => {
        killGroup(child.pid!, 'SIGKILL')
        lifeline?.destroy()
      })
      // Not before a slow client has taken all output.
      child.once('close', (code, signal) => end(endOf(code, signal).exitCode))
    })
    child.once('spawn', () => {
      const pid = child.pid!
      const stderr = child.stderr!
      // What `script` says is about itself; what the command says goes to its terminal.
      if (tty) stderr.pipe(process.stderr, { end: false })
      resolve({
        pid,
        stdin: child.stdin ?? undefined,
        stdout: child.stdout!,
        stderr: tty ? undefined : stderr,
        ended,
        kill: () => killGroup(pid, 'SIGKILL'),
      })
    })
  })
}

function withTerminal(command: readonly string[]): string[] {
  if (process.platform === 'darwin') return ['script', '-q', '/dev/null', ...command]
  return ['script', '-q', '-e', '-E', 'always', '-c', command.map(quoteForShell).join(' '), '/dev/null']
}

const quoteForShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * `kubectl cp` packs with `tar cf - PATH` and expects the names of the container in the archive; but a path in a volume is
 * another one here. So tar starts in a directory where the container's path, without its first slash, leads to the real one.
 */
export function packAsInContainer(asked: readonly string[], spec: ProcessSpec, podDirectory: string): ProcessSpec {
  if (basename(asked[0] ?? '') !== 'tar' || !/^-?[a-z]*c/.test(asked[1] ?? '')) return spec
  const index = asked.findLastIndex((part, at) => at > 1 && part.startsWith('/') && spec.command[at] !== part)
  if (index < 0) return spec
  const path = asked[index]!.replace(/(.)\/+$/, '$1')
  const real = spec.command[index]!.replace(/(.)\/+$/, '$1')
  const root = mkdtempSync(join(podDirectory, 'pack-'))
  // The link stands one above what is packed, if it can: tar packs a link itself as a link.
  const isMount = basename(path) !== basename(real) || dirname(path) === '/'
  const [link, to] = isMount ? [path, real] : [dirname(path), dirname(real)]
  mkdirSync(join(root, dirname(link)), { recursive: true })
  symlinkSync(to, join(root, link))
  const name =
    isMount && statSync(real, { throwIfNoEntry: false })?.isDirectory() ? `${path.slice(1)}/.` : path.slice(1)
  const command = [...spec.command.slice(0, index), '-C', root, name, ...spec.command.slice(index + 1)]
  return { ...spec, command }
}
