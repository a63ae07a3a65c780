// A database server as a program to run, whichever it is, and its start: keep-server.ts runs it, and ends it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Whom it runs as; whoever starts it where there is none. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly environment?: Readonly<Record<string, string>>
}

export interface KeptServer {
  /** One after the other, before the server. */
  readonly preparation: readonly Program[]
  readonly program: Program
  /** Is in its output when it accepts connections. */
  readonly readyText: string
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGKILL'
  readonly directory: string
  readonly logFile: string
  /** The directory goes when the server has ended. */
  readonly isTemporary: boolean
  /** Or else it goes on until it is stopped. */
  readonly endsWithParent: boolean
}

/** Says why a server could not be started, and what the server said. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
}

export interface RunningKeeper {
  readonly pid: number
  /** Resolves when the server has ended and what was temporary is gone. */
  stop(): Promise<void>
}

/** Resolves when the server accepts connections. Rejects with ServerError. */
export async function startServer(server: KeptServer): Promise<RunningKeeper> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'keep-server.ts'), JSON.stringify(server)],
    { stdio: ['ignore', 'pipe', 'pipe', server.endsWithParent ? 'pipe' : 'ignore'], detached: true },
  )
  const exited = once(child, 'exit')
  let output = ''
  let complaint = ''
  // Not ours: it would hold open the pipe of whoever reads what we write, as long as it runs.
  child.stderr!.on('data', (data: Buffer) => (complaint += data.toString()))
  for await (const data of child.stdout as AsyncIterable<Buffer>) {
    output += data.toString()
    if (output === 'ready\n') break
  }
  if (output !== 'ready\n') {
    await exited
    throw new ServerError(`Cannot start a database server: ${(output + complaint).trimEnd()}`)
  }
  letGo(child)
  return {
    pid: child.pid!,
    stop: async () => {
      child.ref()
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** It does not hold its parent back from ending. */
function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of child.stdio) (stream as { unref?(): void } | null)?.unref?.()
}
