// A frame that has begun must not take for ever, because its bytes are kept meanwhile; before its peer is known it must not be
// large either. Time in which we did not read, or stood still ourselves, is not held against the peer.
import type { Clock, Timer } from '../../base/clock.ts'
import type { FrameSplitter } from '../../wire/openwire/frame-splitter.ts'
import type { ReadingPauses } from '../reading-pauses.ts'
import { incompleteFrameTimeoutMs, maxBufferedBytesBeforeConnection, minInboundBytesPerSecond } from './limits.ts'

export interface IncompleteFrameWatchOptions {
  readonly clock: Clock
  readonly splitter: Pick<FrameSplitter, 'bufferedBytes'>
  readonly pauses: Pick<ReadingPauses, 'paused' | 'times'>
  /** The connection has to go. */
  drop(reason: string, limit: string): void
}

export class IncompleteFrameWatch {
  readonly #options: IncompleteFrameWatchOptions
  /** A ConnectionInfo was accepted. */
  #peerIsKnown = false
  #receivedBytes = 0
  #receivedFrames = 0
  #timer: Timer | undefined
  #closed = false

  constructor(options: IncompleteFrameWatchOptions) {
    this.#options = options
  }

  peerIsKnown(): void {
    this.#peerIsKnown = true
  }

  /** What a chunk brought: its bytes, and the frames that it completed. */
  received(bytes: number, frames: number): void {
    this.#receivedBytes += bytes
    this.#receivedFrames += frames
  }

  /** After each chunk that ended within a frame. */
  watch(): void {
    if (this.#closed) return
    if (!this.#peerIsKnown && this.#options.splitter.bufferedBytes > maxBufferedBytesBeforeConnection) {
      this.#options.drop(
        `a frame of more than ${maxBufferedBytesBeforeConnection} bytes came before any ConnectionInfo`,
        'maxBufferedBytesBeforeConnection',
      )
      return
    }
    if (!this.#timer) this.#startTimer()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #startTimer(): void {
    const { clock, splitter, pauses, drop } = this.#options
    const bytesBefore = this.#receivedBytes
    const framesBefore = this.#receivedFrames
    const pausesBefore = pauses.times
    const wasPaused = pauses.paused
    const dueMs = clock.monotonicMs() + incompleteFrameTimeoutMs
    this.#timer = clock.after(incompleteFrameTimeoutMs, () => {
      this.#timer = undefined
      const late = clock.monotonicMs() - dueMs > incompleteFrameTimeoutMs / 10
      const enough = (minInboundBytesPerSecond * incompleteFrameTimeoutMs) / 1000
      const moves = this.#receivedFrames > framesBefore || this.#receivedBytes - bytesBefore >= enough
      if (!moves && !late && !wasPaused && pauses.times === pausesBefore)
        drop(
          `a frame was not whole after ${incompleteFrameTimeoutMs} ms, at less than ${minInboundBytesPerSecond} bytes/s`,
          'incompleteFrameTimeoutMs',
        )
      else if (splitter.bufferedBytes > 0) this.watch()
    })
  }
}
