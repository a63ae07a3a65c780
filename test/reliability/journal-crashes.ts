// The crash model of the journal store: a random workload on a simulated disk that dies at every write boundary in turn, tears
// and loses what was not synced, and dies again while the store recovers; the same with a disk that fills up, with one that is
// full for a moment, and with one that returns errors. After each death the store has to be in a state that it was in, no older than what was acknowledged.
import * as fc from 'fast-check'
import { systemClock, type Clock } from '../../broker/base/clock.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { journalLimits } from '../../broker/journal/limits.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { createJournalStore } from '../support/journal-stores.ts'
import { operations, StoreModel, type Operation } from '../support/store-model.ts'
import { turns } from '../support/turns.ts'
import { soleOwner } from '../support/sole-owner.ts'

export interface CrashOptions {
  readonly seed: number
  readonly workloads: number
  readonly progress?: (figures: CrashFigures) => void
}

export interface CrashFigures {
  workloads: number
  /** Deaths of the disk at a write boundary, at any time, recoveries included. */
  crashes: number
  /** Runs into a full disk. */
  full: number
  /** Runs with an operation that found no space at first. */
  refused: number
  /** Runs with an operation that failed. */
  errors: number
  /** Recoveries whose state was compared with what had been acknowledged. */
  recoveries: number
}

type End = 'done' | 'crashed' | 'failed'

/** Throws when something acknowledged is missing, or something is half there. */
export async function runCrashes({ seed, workloads, progress }: CrashOptions): Promise<CrashFigures> {
  const figures: CrashFigures = { workloads: 0, crashes: 0, full: 0, refused: 0, errors: 0, recoveries: 0 }
  const lists = fc.sample(fc.tuple(operations, operations), { seed, numRuns: workloads })
  for (const [index, [first, second]] of lists.entries()) {
    const whole = new SimulatedDisk()
    await runOnce(new StoreModel(), first, whole, 1, figures)
    for (let boundary = 0; boundary <= whole.operations; boundary++) {
      const run = new CrashRun(first, second, seed + index * 1000 + boundary, figures)
      await run.crashAt(boundary)
      if (boundary % 4 === 0) await run.failAt(boundary)
      if (boundary % 4 === 1) await run.refuseAt(boundary)
      if (boundary % 4 === 2) await run.fillUp()
    }
    figures.workloads++
    progress?.(figures)
  }
  return figures
}

class CrashRun {
  readonly #first: readonly Operation[]
  readonly #second: readonly Operation[]
  readonly #seed: number
  readonly #figures: CrashFigures

  constructor(first: readonly Operation[], second: readonly Operation[], seed: number, figures: CrashFigures) {
    this.#first = first
    this.#second = second
    this.#seed = seed
    this.#figures = figures
  }

  async crashAt(boundary: number): Promise<void> {
    const random = seededRandom(this.#seed)
    const model = new StoreModel()
    let disk = new SimulatedDisk()
    disk.crashAfter(boundary)
    await runOnce(model, this.#first, disk, 1, this.#figures)
    // Crashes again, at times while it recovers.
    disk = disk.restart(random)
    disk.crashAfter(Math.floor(random.next() * 40))
    await runOnce(model, this.#second, disk, 2, this.#figures)
    this.#figures.crashes += 2
    await this.#recoverFrom(model, disk.restart(random))
  }

  /** One operation fails; what was written around it may be lost all the same. */
  async failAt(boundary: number): Promise<void> {
    const random = seededRandom(this.#seed)
    const model = new StoreModel()
    const disk = new SimulatedDisk()
    const code = random.next() < 0.5 ? 'EIO' : 'EROFS'
    disk.fail = () => (disk.operations === boundary ? code : undefined)
    await runOnce(model, this.#first, disk, 1, this.#figures)
    this.#figures.errors++
    await this.#recoverFrom(model, disk.restart(random))
  }

  /**
   * One operation finds no space, when any part of it may be on the disk already, and there is some soon after: what is done
   * again counts. Then the disk dies, soon enough that it may be before that.
   */
  async refuseAt(boundary: number): Promise<void> {
    const random = seededRandom(this.#seed)
    const model = new StoreModel()
    const disk = new SimulatedDisk()
    const clock = new ManualClock()
    let refused = false
    disk.fail = () => {
      if (refused || disk.operations !== boundary) return undefined
      refused = true
      disk.crashAfter(Math.floor(random.next() * 8))
      void turns(2).then(() => clock.advance(journalLimits.spaceRetryMs))
      return 'ENOSPC'
    }
    await runOnce(model, this.#first, disk, 1, this.#figures, clock)
    this.#figures.refused++
    await this.#recoverFrom(model, disk.restart(random))
  }

  async fillUp(): Promise<void> {
    const random = seededRandom(this.#seed)
    const model = new StoreModel()
    let disk = new SimulatedDisk()
    disk.capacity = 200 + Math.floor(random.next() * 10_000)
    await runOnce(model, this.#first, disk, 1, this.#figures)
    this.#figures.full++
    disk = disk.restart(random)
    disk.capacity = Number.MAX_SAFE_INTEGER
    await this.#recoverFrom(model, disk)
  }

  async #recoverFrom(model: StoreModel, disk: SimulatedDisk): Promise<void> {
    const end = await runOnce(model, this.#second.slice(0, 5), disk, 3, this.#figures)
    if (end !== 'done') throw new Error(`Cannot recover with seed ${this.#seed}: the store ${end}`)
  }
}

/** Opens a store, compares what it recovered, carries the operations out, and goes away without closing. */
async function runOnce(
  model: StoreModel,
  list: readonly Operation[],
  disk: SimulatedDisk,
  term: number,
  figures: CrashFigures,
  clock: Clock = systemClock,
): Promise<End> {
  const store = createJournalStore({ disk, clock })
  let hasFailed = false
  void store.failed.then(() => (hasFailed = true))
  // Opening never ends when the disk dies or is full meanwhile.
  const opening = { over: false }
  const recovered = await Promise.race([
    store.open(soleOwner(term)).catch(() => 'failed' as const),
    disk.whenCrashed.then(() => 'crashed' as const),
    idle(opening).then(() => 'failed' as const),
  ])
  opening.over = true
  if (typeof recovered === 'string') return recovered
  // Reading may wait for a message that is being moved.
  await Promise.race([model.check(store, recovered), disk.whenCrashed])
  if (disk.crashed) return 'crashed'
  figures.recoveries++
  for (const operation of list) {
    await model.run(operation, store, disk)
    if (disk.crashed || hasFailed) return disk.crashed ? 'crashed' : 'failed'
  }
  await model.settle(store, disk)
  await turns(5)
  return disk.crashed ? 'crashed' : hasFailed ? 'failed' : 'done'
}

/** Longer than any opening takes on a simulated disk. */
async function idle(opening: { readonly over: boolean }): Promise<void> {
  for (let turn = 0; turn < 2000 && !opening.over; turn++) await turns(1)
}
