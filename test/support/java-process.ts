// A Java program of ours that is driven over its standard input and output, a line at a time.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface JavaProcess {
  readonly pid: number
  readonly lines: readonly string[]
  readonly ended: Promise<number | null>
  write(text: string): void
  /** Of its standard input. */
  end(): void
  /** The next line that matches; those before it are passed over. Throws when the program ends without one. */
  line(matches: (line: string) => boolean): Promise<string>
  kill(): void
}

export interface JavaOptions {
  /** Of the virtual machine. */
  readonly options?: readonly string[]
  /** Program and arguments that run a command elsewhere. */
  readonly launcher?: readonly string[]
}

export function startJava(
  classpath: string,
  args: readonly string[],
  { options = ['-Xmx512m'], launcher = [] }: JavaOptions = {},
): JavaProcess {
  const [program, ...rest] = [...launcher, 'java', ...options, '-cp', classpath, ...args]
  const child = spawn(program!, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // Its end is seen by who waits for a line.
  const lines: string[] = []
  let changed = () => {}
  let over = false
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      over = true
      resolve(code)
      changed()
    }),
  )
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    changed()
  })
  let read = 0
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    write: (text) => child.stdin.write(text),
    end: () => void child.stdin.end(),
    kill: () => child.kill('SIGKILL'),
    async line(matches) {
      for (;;) {
        while (read < lines.length) {
          const line = lines[read++]!
          if (matches(line)) return line
        }
        if (over) throw new Error(`java ${args[0]} ended; its last lines: ${lines.slice(-5).join(' | ')}`)
        await new Promise<void>((resolve) => (changed = resolve))
      }
    },
  }
}
