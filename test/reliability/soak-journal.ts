// The long form of what is tried on the journal: crashes at every write boundary of random workloads on the simulated disk,
// flipped bits, and SIGKILLs of a real broker on the real disk.
import { runCrashes } from './journal-crashes.ts'
import { runFlips } from './journal-flips.ts'
import { runKills } from './journal-kills.ts'
import type { SoakOptions } from './soak.ts'

const workloads = 320
const flips = 20_000
const kills = 200

export async function soakJournal(options: SoakOptions): Promise<void> {
  await soakJournalCrashes(options)
  await soakJournalFlips(options)
  await soakJournalKills(options)
}

export async function soakJournalCrashes({ seed, scale, print }: SoakOptions): Promise<void> {
  const progress = ({ workloads, crashes }: { workloads: number; crashes: number }): void => {
    if (workloads % 20 === 0) print(`journal:crashes: ${workloads} workloads, ${crashes} crashes`)
  }
  const figures = await runCrashes({ seed, workloads: Math.ceil(workloads * scale), progress })
  print(`journal:crashes: ${JSON.stringify(figures)}`)
}

export async function soakJournalFlips({ seed, scale, print }: SoakOptions): Promise<void> {
  const progress = ({ flips }: { flips: number }): void => {
    if (flips % 2000 === 0) print(`journal:flips: ${flips}`)
  }
  const figures = await runFlips({ seed, flips: Math.ceil(flips * scale), progress })
  print(`journal:flips: ${JSON.stringify(figures)}`)
}

export async function soakJournalKills({ seed, scale, print }: SoakOptions): Promise<void> {
  const progress = ({ kills, acknowledged, lost }: { kills: number; acknowledged: number; lost: number }): void => {
    if (kills % 10 === 0) print(`journal:kills: ${kills} kills, ${acknowledged} acknowledged, ${lost} lost`)
  }
  const figures = await runKills({ seed, kills: Math.ceil(kills * scale), progress })
  print(`journal:kills: ${JSON.stringify(figures)}`)
  const { lost, doubled, outOfOrder, halfThere, damaged } = figures
  if (lost + doubled + outOfOrder + halfThere + damaged > 0) throw new Error('Cannot call the journal safe, see above')
}
