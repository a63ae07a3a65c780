// A journal on a simulated disk with a clock that stands still, and confirmations that the test gives.
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { SimulatedDisk, type DiskOperation } from '../../support/simulated-disk.ts'
import type { BatchConfirmation, JournalOwner } from '../../../broker/journal/confirmation.ts'
import { firstUserType } from '../../../broker/journal/format.ts'
import { Journal } from '../../../broker/journal/journal.ts'
import type { JournalTap } from '../../../broker/journal/tap.ts'
import type { RecoveredSegments } from '../../../broker/journal/journal-reader.ts'
import { soleOwner } from '../../support/sole-owner.ts'

export const recordType = firstUserType
export const preambleType = firstUserType + 1

export interface HarnessOptions {
  readonly disk?: SimulatedDisk
  readonly owner?: JournalOwner
  readonly confirmation?: BatchConfirmation
  readonly maxFileLength?: number
  readonly tap?: JournalTap
  readonly followsOwnCopy?: boolean
  /** Records of a test's own at the start of each segment. */
  readonly preamble?: () => readonly string[]
  readonly onWriting?: (harness: JournalHarness) => void
}

export class JournalHarness {
  readonly disk: SimulatedDisk
  readonly clock = new ManualClock()
  readonly journal: Journal
  /** What happened, in order: changes of the disk, what became durable, and what the test notes. */
  readonly events: string[] = []
  /** Texts of the records that were visited, and 'reset'. */
  readonly visited: string[] = []
  readonly sealed: number[] = []
  onVisit = (): void => {}
  #appended = 0

  constructor(options: HarnessOptions = {}) {
    this.disk = options.disk ?? new SimulatedDisk()
    this.disk.fail = (operation) => this.#note(operation)
    this.journal = new Journal({
      disk: this.disk,
      directory: '/journal',
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      maxFileLength: options.maxFileLength ?? 4096,
      ...(options.confirmation && { confirmation: options.confirmation }),
      ...(options.tap && { tap: options.tap }),
      ...(options.followsOwnCopy && { followsOwnCopy: options.followsOwnCopy }),
      visitor: {
        reset: () => void this.visited.push('reset'),
        segment() {},
        record: (type, _position, meta) => {
          if (type === recordType) this.visited.push(meta.toString())
          if (type === recordType) this.onVisit()
        },
      },
      writePreamble: () => {
        for (const text of options.preamble?.() ?? []) this.#append(preambleType, text)
      },
      onWriting: () => options.onWriting?.(this),
      onSealed: ({ number }) => void this.sealed.push(number),
      mark: () => this.#appended,
      onDurable: (mark) => void this.events.push(`durable ${mark}`),
    })
  }

  static async open(options: HarnessOptions = {}): Promise<JournalHarness> {
    const harness = new JournalHarness(options)
    await harness.open(options.owner)
    return harness
  }

  async open(owner: JournalOwner = soleOwner(1)): Promise<RecoveredSegments> {
    let recovered: RecoveredSegments | undefined
    await this.journal.open(owner, (found) => (recovered = found))
    this.events.length = 0
    return recovered!
  }

  /** Returns where the record is. */
  append(text: string, body?: Buffer): { segment: number; position: number } {
    this.#appended++
    const position = this.#append(recordType, text, body)
    return { segment: this.journal.segment, position }
  }

  /** `append`, and notes when it is durable. */
  write(text: string, body?: Buffer): void {
    this.append(text, body)
    this.journal.whenDurable(() => void this.events.push(text))
  }

  /** Notes that the rest is to come: `events` since the last time. */
  taken(): string[] {
    return this.events.splice(0)
  }

  durable(): Promise<void> {
    return new Promise((resolve) => this.journal.whenDurable(resolve))
  }

  #append(type: number, text: string, body?: Buffer): number {
    const meta = Buffer.from(text)
    return this.journal.append(type, meta, meta.length, undefined, 0, body)
  }

  #note(operation: DiskOperation): undefined {
    if (operation === 'writeDurably') this.events.push('written')
  }
}

interface AskedConfirmation {
  readonly segment: number
  readonly end: number
  confirm(): void
  reject(error: Error): void
}

/** Confirmations that wait until the test gives them. */
export class HeldConfirmations implements BatchConfirmation {
  /** From here on; what is asked before (while the journal is opened) is confirmed at once. */
  held = false
  onAsked: BatchConfirmation['confirm'] = () => {}
  readonly asked: AskedConfirmation[] = []

  confirm(segment: number, end: number, owner: JournalOwner): void | Promise<void> {
    void this.onAsked(segment, end, owner)
    if (!this.held) return
    return new Promise((confirm, reject) => this.asked.push({ segment, end, confirm, reject }))
  }
}
