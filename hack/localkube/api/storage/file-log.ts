// The objects on disk: one file of JSON lines, each an object as it became or a key that went, compacted when most of it
// is history. A line is written before the change is seen by anybody; it survives the death of the process, not of the machine.
//
//   {"revision":12,"resource":"/pods","key":"default/a","object":{…}}      object as of revision 12
//   {"revision":13,"resource":"/pods","key":"default/a"}                    gone as of revision 13
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LogEntry, ObjectLog } from './object-store.ts'

const fileName = 'objects.jsonl'
/** Secrets are in it. */
const privateMode = 0o600
/** Lines beyond twice the live objects that are tolerated before the file is written anew. */
const compactionSlack = 2000

/** Opens or creates the log in a directory. Errors: those of the disk; a damaged line that is not the last one. */
export function openFileLog(directory: string): ObjectLog {
  mkdirSync(directory, { recursive: true })
  return new FileLog(join(directory, fileName))
}

class FileLog implements ObjectLog {
  readonly #path: string
  #file: number | undefined
  #lines = 0

  constructor(path: string) {
    this.#path = path
  }

  load(): LogEntry[] {
    const text = existsSync(this.#path) ? readFileSync(this.#path) : Buffer.alloc(0)
    // A torn last line is a change that nobody was told of: it is cut off.
    const end = text.lastIndexOf(0x0a) + 1
    if (end < text.length) truncateSync(this.#path, end)
    const lines = text
      .subarray(0, end)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
    this.#lines = lines.length
    const entries = lines.map((line, index) => this.#parse(line, index + 1))
    this.#file = openSync(this.#path, 'a', privateMode)
    return entries
  }

  append(entry: LogEntry): void {
    writeSync(this.#open(), `${JSON.stringify(entry)}\n`)
    this.#lines += 1
  }

  compactIfWorthwhile(liveCount: number, entries: () => Iterable<LogEntry>): void {
    if (this.#lines <= liveCount * 2 + compactionSlack) return
    const lines = [...entries()].map((entry) => `${JSON.stringify(entry)}\n`)
    const fresh = `${this.#path}.new`
    writeFileSync(fresh, lines.join(''), { mode: privateMode })
    closeSync(this.#open())
    renameSync(fresh, this.#path)
    this.#file = openSync(this.#path, 'a', privateMode)
    this.#lines = lines.length
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #open(): number {
    if (this.#file === undefined) throw new Error(`Cannot write ${this.#path}: the log is closed`)
    return this.#file
  }

  #parse(line: string, number: number): LogEntry {
    try {
      return JSON.parse(line) as LogEntry
    } catch (cause) {
      throw new Error(
        `Cannot read ${this.#path}: line ${number} is damaged. Remove the file to start with an empty cluster`,
        { cause },
      )
    }
  }
}
