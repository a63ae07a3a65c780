// Counts the bytes of what one socket has announced (connections, sessions, consumers, producers) and not taken back.
// Their infos are kept as they came, for advisories, so a count of the objects alone would not bound memory.
import { RefusalError } from '../../base/errors.ts'
import { maxAnnouncedBytesPerSocket, minAnnouncedBytes } from './limits.ts'

export class AnnouncedBytes {
  /** Size of the command that is being carried out. */
  frameBytes = 0
  #used = 0

  /** Counts one more object. Returns its size. @throws {RefusalError} when there is no room for it. */
  take(): number {
    const bytes = Math.max(this.frameBytes, minAnnouncedBytes)
    if (this.#used + bytes > maxAnnouncedBytesPerSocket)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot add more to this socket: what it announced takes ${this.#used} bytes ` +
          `(limit maxAnnouncedBytesPerSocket ${maxAnnouncedBytesPerSocket}); close what is not used`,
        { fields: { limit: 'maxAnnouncedBytesPerSocket' } },
      )
    this.#used += bytes
    return bytes
  }

  giveBack(bytes: number): void {
    this.#used -= bytes
  }
}
