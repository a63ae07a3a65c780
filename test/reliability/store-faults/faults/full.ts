// No space where the store is, for some seconds: senders wait, and nothing is lost.
import type { BrokerMember } from '../../../support/broker-process.ts'
import { Bulk } from '../bulk.ts'
import { replicatedStores, databaseStores, sleep, type StoreFault } from '../fault.ts'

const fullMs = 2000
const pollMs = 20
const noticedMs = 60_000

export const full: StoreFault = {
  name: 'full',
  about: 'no space where the store is, for 2 s after that was noticed',
  rounds: 10,
  stores: ['journal', ...databaseStores, ...replicatedStores],
  scene: { smallVolume: true },
  strike: async ({ active, group, server, volumeOf, waitsFromNow }) => {
    const volume = volumeOf(active)
    const before = complaints(active)
    // A server of MariaDB whose own files cannot grow ends; somebody starts it again.
    const isNoticed = (): boolean => complaints(active) > before || server?.isRunning === false
    const bulk = await Bulk.start(group.failoverUrl())
    volume.fill()
    try {
      const deadline = Date.now() + noticedMs
      while (!isNoticed() && Date.now() < deadline) await sleep(pollMs)
      if (!isNoticed()) throw new Error('The volume is full, and the active does not say so')
      await sleep(fullMs)
    } finally {
      volume.free()
    }
    await server?.start()
    waitsFromNow()
    const lost = await bulk.finish()
    if (lost > 0) group.violations.push(`${lost} large messages that were acknowledged are lost`)
  },
}

/** Of the journal and of the database. */
const complaints = ({ log }: BrokerMember): number =>
  log.filter((line) => /waits for space|has no space|The store is full/.test(line)).length
