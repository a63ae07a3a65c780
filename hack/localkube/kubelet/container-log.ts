// The output of one run of a container, in a file of lines `time stream F|P text`, F ending a line and P breaking off a
// long one. The file is rotated once it is full: the newest 10 to 20 MiB stay. Readers may follow until the run ends.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { maxLogFileBytes, maxLogLineBytes } from './limits.ts'

export interface LogReadOptions {
  readonly follow: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  readonly timestamps: boolean
}

type StreamName = 'stdout' | 'stderr'

export class ContainerLog {
  readonly #path: string
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #partial: Record<StreamName, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  readonly #followers = new Set<(line: string | undefined) => void>()
  #bytes: number
  #ended = false

  constructor(path: string, clock: Clock, maxBytes = maxLogFileBytes) {
    this.#path = path
    this.#clock = clock
    this.#maxBytes = maxBytes
    mkdirSync(dirname(path), { recursive: true })
    this.#bytes = existsSync(path) ? statSync(path).size : 0
  }

  append(stream: StreamName, chunk: Buffer): void {
    let rest = this.#partial[stream].length > 0 ? Buffer.concat([this.#partial[stream], chunk]) : chunk
    const lines: string[] = []
    for (let end = rest.indexOf(10); end >= 0 || rest.length > maxLogLineBytes; end = rest.indexOf(10)) {
      const complete = end >= 0 && end <= maxLogLineBytes
      const length = complete ? end : maxLogLineBytes
      lines.push(this.#line(stream, complete ? 'F' : 'P', rest.subarray(0, length)))
      rest = rest.subarray(complete ? end + 1 : length)
    }
    this.#partial[stream] = Buffer.from(rest)
    this.#write(lines)
  }

  /** No more output: followers end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#partial[stream].length > 0) this.#write([this.#line(stream, 'F', this.#partial[stream])])
      this.#partial[stream] = Buffer.alloc(0)
    }
    this.#ended = true
    for (const follower of this.#followers) follower(undefined)
  }

  remove(): void {
    rmSync(this.#path, { force: true })
    rmSync(`${this.#path}.1`, { force: true })
  }

  async *read(options: LogReadOptions, signal: AbortSignal): AsyncIterable<Buffer> {
    const queue: (string | undefined)[] = []
    let wake = () => {}
    const follower = (line: string | undefined) => {
      queue.push(line)
      wake()
    }
    const following = options.follow && !this.#ended
    if (following) this.#followers.add(follower)
    const onAbort = () => follower(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const past = selectLines(this.#lines(), options, this.#clock.nowMs())
      if (past.length > 0) yield Buffer.from(past.map((line) => format(line, options.timestamps)).join(''))
      if (!following) return
      while (!signal.aborted) {
        if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
        const line = queue.shift()
        if (line === undefined) return
        yield Buffer.from(format(line, options.timestamps))
      }
    } finally {
      this.#followers.delete(follower)
      signal.removeEventListener('abort', onAbort)
    }
  }

  #line(stream: StreamName, tag: 'F' | 'P', text: Buffer): string {
    return `${new Date(this.#clock.nowMs()).toISOString()} ${stream} ${tag} ${text.toString('utf8')}`
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0) return
    const text = lines.map((line) => `${line}\n`).join('')
    const bytes = Buffer.byteLength(text)
    try {
      if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
        renameSync(this.#path, `${this.#path}.1`)
        this.#bytes = 0
      }
      appendFileSync(this.#path, text)
      this.#bytes += bytes
    } catch {
      // A full disk costs lines of output, not the stand-in.
    }
    for (const line of lines) for (const follower of this.#followers) follower(line)
  }

  #lines(): string[] {
    const text = [`${this.#path}.1`, this.#path].map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
    return text.join('').split('\n').slice(0, -1)
  }
}

function selectLines(lines: string[], { tailLines, sinceSeconds }: LogReadOptions, nowMs: number): string[] {
  let selected = lines
  if (sinceSeconds !== undefined) {
    const since = new Date(nowMs - sinceSeconds * 1000).toISOString()
    selected = selected.filter((line) => line >= since)
  }
  return tailLines === undefined ? selected : tailLines === 0 ? [] : selected.slice(-tailLines)
}

function format(line: string, timestamps: boolean): string {
  const match = /^(\S+) \S+ ([FP]) ([\s\S]*)$/.exec(line)
  if (!match) return ''
  return `${timestamps ? `${match[1]} ` : ''}${match[3]}${match[2] === 'F' ? '\n' : ''}`
}
