// One random bit, flipped anywhere in the files of a store that was closed, again and again: the check has to find it, or it
// has to be in bytes that do not matter. Whatever the store serves afterwards is what was once put into it, byte for byte,
// and what does not depend on the damaged record is there.
import { seededRandom, type Random } from '../../broker/base/random.ts'
import { queueHolder } from '../../broker/store/held-message.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { recordBytes } from '../../broker/journal/format.ts'
import { inspectJournal } from '../../broker/store/journal/journal-inspection.ts'
import type { JournalStore } from '../../broker/store/journal/journal-store.ts'
import { contentOf, durable, message } from '../support/store-content.ts'
import { createJournalStore } from '../support/journal-stores.ts'
import { soleOwner } from '../support/sole-owner.ts'

export interface FlipOptions {
  readonly seed: number
  readonly flips: number
  readonly progress?: (figures: FlipFigures) => void
}

export interface FlipFigures {
  flips: number
  /** Found by the check and reported as damage. */
  damage: number
  /** Found in a summary, instead of which the segment was read. */
  summaries: number
  /** The mark of an orderly end itself: looks like a torn tail, and nothing stands behind it. */
  closingMark: number
  /** Padding, and what does not count: changed nothing. */
  immaterial: number
  /** Flips that cost no message, and the most messages that one cost. */
  costNothing: number
  mostLost: number
  /** The most removed messages that one brought back: the record of their removal was damaged. */
  mostBroughtBack: number
}

interface ClosedStore {
  readonly disk: SimulatedDisk
  readonly files: readonly { readonly path: string; readonly size: number }[]
  /** By sequence: all that was ever added, and what is there. */
  readonly added: ReadonlyMap<number, string>
  readonly present: ReadonlySet<number>
}

const transactionSize = 4
const closingMarkBytes = recordBytes(0)
const queues = ['orders', 'invoices', 'returns']

/** Throws when a flip is not found, or anything is served that was never put in, or more is lost than depends on the bit. */
export async function runFlips({ seed, flips, progress }: FlipOptions): Promise<FlipFigures> {
  const random = seededRandom(seed)
  const closed = await buildStore(random)
  const total = closed.files.reduce((sum, { size }) => sum + size, 0)
  const figures: FlipFigures = {
    flips: 0,
    damage: 0,
    summaries: 0,
    closingMark: 0,
    immaterial: 0,
    costNothing: 0,
    mostLost: 0,
    mostBroughtBack: 0,
  }
  while (figures.flips < flips) {
    const [at, bit] = [Math.floor(random.next() * total), Math.floor(random.next() * 8)]
    await flipOne(closed, at, bit, figures)
    figures.flips++
    progress?.(figures)
  }
  return figures
}

async function flipOne(closed: ClosedStore, at: number, bit: number, figures: FlipFigures): Promise<void> {
  const disk = closed.disk.copy()
  let offset = at
  const file = closed.files.find(({ size }) => offset < size || ((offset -= size), false))!
  disk.flipBit(file.path, offset, bit)
  const where = `bit ${bit} at ${offset} of ${file.path}`
  const { damage, unusableSummaries, tornBytes } = await inspectJournal(disk, '/journal')
  if (tornBytes > closingMarkBytes) throw new Error(`${where} looks like a torn tail of ${tornBytes} bytes`)
  const found = damage.find((range) => file.path.endsWith(range.file))
  if (found && (found.from > offset || found.to <= offset))
    throw new Error(`${where} was found at ${found.from} to ${found.to}`)
  const { lost, broughtBack } = await reopen(disk, closed, where)
  if (found) figures.damage++
  else if (unusableSummaries.length > 0) figures.summaries++
  else if (tornBytes > 0) figures.closingMark++
  else figures.immaterial++
  if (!found && lost + broughtBack > 0) throw new Error(`${where} was not found and changed ${lost + broughtBack}`)
  if (lost > transactionSize) throw new Error(`${where} cost ${lost} messages`)
  if (lost === 0) figures.costNothing++
  figures.mostLost = Math.max(figures.mostLost, lost)
  figures.mostBroughtBack = Math.max(figures.mostBroughtBack, broughtBack)
}

async function reopen(
  disk: SimulatedDisk,
  { added, present }: ClosedStore,
  where: string,
): Promise<{ lost: number; broughtBack: number }> {
  const store = createJournalStore({ disk })
  const { queues } = await store.open(soleOwner(9))
  const served = new Set<number>()
  for (const { name } of queues)
    for (const line of await contentOf(store, name)) {
      const colon = line.indexOf(':')
      const sequence = Number(line.slice(0, colon))
      if (added.get(sequence) !== line.slice(colon + 1) || served.has(sequence))
        throw new Error(`${where}: message ${sequence} of ${name} was served wrong`)
      served.add(sequence)
    }
  await store.close()
  return {
    lost: [...present].filter((sequence) => !served.has(sequence)).length,
    broughtBack: [...served].filter((sequence) => !present.has(sequence)).length,
  }
}

/** Two terms, messages and transactions in three queues, many removed and moved, some segments reclaimed. */
async function buildStore(random: Random): Promise<ClosedStore> {
  const disk = new SimulatedDisk()
  const added = new Map<number, string>()
  const present = new Map<number, string>()
  let sequence = 0
  for (const term of [1, 2]) {
    const store = createJournalStore({ disk })
    await store.open(soleOwner(term))
    for (let step = 0; step < 120; step++) sequence = await workOnce(store, random, sequence, added, present)
    await durable(store)
    await store.reclaimed()
    await store.close()
  }
  const directory = '/journal/term-0000000002'
  const files: { path: string; size: number }[] = []
  // A summary is not synced: each flip has a copy of what is.
  const synced = disk.copy()
  for (const name of await synced.list(directory)) {
    const file = await synced.open(`${directory}/${name}`, 'read')
    files.push({ path: `${directory}/${name}`, size: await file.size() })
  }
  return { disk: synced, files, added, present: new Set(present.keys()) }
}

async function workOnce(
  store: JournalStore,
  random: Random,
  last: number,
  added: Map<number, string>,
  present: Map<number, string>,
): Promise<number> {
  let sequence = last
  const queue = queues[Math.floor(random.next() * queues.length)]!
  const put = (text: string): void => {
    sequence++
    added.set(sequence, text)
    present.set(sequence, queue)
  }
  const choice = random.next()
  const text = `${last}-`.padEnd(20 + Math.floor(random.next() * 300), 'x')
  if (choice < 0.5) {
    store.add(message(text, { queue, producerSequenceId: sequence + 1 }), sequence + 1)
    put(text)
  } else if (choice < 0.6) {
    const transaction = store.begin()
    for (let n = 0; n < transactionSize; n++)
      transaction.add(message(text, { queue, producerSequenceId: sequence + 1 + n }))
    transaction.commit(sequence + 1)
    for (let n = 0; n < transactionSize; n++) put(text)
  } else {
    const [oldest] = present
    if (oldest) store.remove(queueHolder(oldest[1]), oldest[0])
    if (oldest) present.delete(oldest[0])
  }
  if (random.next() < 0.3) await durable(store)
  return sequence
}
