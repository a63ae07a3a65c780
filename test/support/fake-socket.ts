// A socket as sessions see it, whose peer reads only if the test lets it.
import type { SessionOutput } from '../../broker/session/session.ts'

export class FakeSocket implements SessionOutput {
  /** In order, since this was emptied last. */
  readonly written: Buffer[] = []
  /** `pause` and `resume`, in order. */
  readonly flow: string[] = []
  reading = true
  /** How it was closed. */
  closed: 'ended' | 'destroyed' | undefined
  /** Bytes that the peer does not take. */
  stuckBytes = 0
  takesBytes = true
  #writtenBytes = 0

  get bufferedBytes(): number {
    return this.stuckBytes
  }

  get sentBytes(): number {
    return this.#writtenBytes - this.stuckBytes
  }

  write(bytes: Buffer): void {
    this.written.push(bytes)
    this.#writtenBytes += bytes.length
    if (!this.takesBytes) this.stuckBytes += bytes.length
  }

  pauseReading(): void {
    this.reading = false
    this.flow.push('pause')
  }

  resumeReading(): void {
    this.reading = true
    this.flow.push('resume')
  }

  end(): void {
    this.closed = 'ended'
  }

  destroy(): void {
    this.closed = 'destroyed'
  }

  /** All bytes since this was asked last. */
  takeHex(): string {
    return Buffer.concat(this.written.splice(0)).toString('hex')
  }
}
