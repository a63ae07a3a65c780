// Decodes the stream of a watch: one JSON object per line, `{"type":"ADDED","object":{…}}`. Chunks may end anywhere, also
// within a character. It knows nothing of connections: bytes in, events out.
import { KubeApiError } from './errors.ts'
import { maxWatchLineBytes } from './limits.ts'
import type { KubeObject, WatchEvent } from './port.ts'
import { statusError } from './status.ts'

const newline = 0x0a

export class WatchDecoder<T extends KubeObject> {
  readonly #action: string
  readonly #maxLineBytes: number
  /** The beginning of a line whose end has not come yet. */
  #parts: Uint8Array[] = []
  #partBytes = 0

  /** `action` is for messages and reads like "watch Pod in shop". */
  constructor(action: string, maxLineBytes = maxWatchLineBytes) {
    this.#action = action
    this.#maxLineBytes = maxLineBytes
  }

  /** Bytes of an unfinished line. Not 0 at the end of the stream means that it was cut off. */
  get pendingBytes(): number {
    return this.#partBytes
  }

  /** Calls `onEvent` for every line that is complete. Throws KubeApiError for an ERROR event and for what is not an event. */
  push(chunk: Uint8Array, onEvent: (event: WatchEvent<T>) => void): void {
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end))
      from = end + 1
      const line = this.#takeLine()
      if (line !== '') onEvent(this.#parse(line))
    }
    this.#keep(chunk.subarray(from))
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.#partBytes += part.length
    if (this.#partBytes > this.#maxLineBytes)
      throw this.#invalid(`a line of the answer is longer than ${this.#maxLineBytes} bytes`)
    this.#parts.push(part)
  }

  #takeLine(): string {
    const line = Buffer.concat(this.#parts).toString('utf8').trim()
    this.#parts = []
    this.#partBytes = 0
    return line
  }

  #parse(line: string): WatchEvent<T> {
    const { type, object } = this.#parseLine(line)
    if (type === 'ERROR') throw statusError(this.#action, object)
    const metadata = object?.metadata
    if (type === 'BOOKMARK' && metadata?.resourceVersion !== undefined)
      return { type, resourceVersion: metadata.resourceVersion }
    if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && typeof metadata?.name === 'string')
      return { type, object: object as T }
    throw this.#invalid(`a line of the answer is not a watch event: ${line.slice(0, 100)}`)
  }

  #parseLine(line: string): { type?: string; object?: { metadata?: { name?: string; resourceVersion?: string } } } {
    try {
      const value: unknown = JSON.parse(line)
      return typeof value === 'object' && value !== null ? value : {}
    } catch {
      throw this.#invalid(`a line of the answer is not JSON: ${line.slice(0, 100)}`)
    }
  }

  #invalid(problem: string): KubeApiError {
    return new KubeApiError(500, 'InvalidAnswer', `Cannot ${this.#action}: ${problem}`)
  }
}
