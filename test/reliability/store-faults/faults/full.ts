// No space where the store is, for some seconds: senders wait, nobody steps down, nothing is lost.
import type { BrokerMember } from '../../../support/broker-process.ts'
import { sleep, storeNames, type StoreFault } from '../fault.ts'

const fullMs = 2000
const pollMs = 20
const noticedMs = 60_000

export const full: StoreFault = {
  name: 'full',
  about: 'no space where the store is, for 2 s after that was noticed',
  rounds: 10,
  stores: storeNames,
  scene: { smallVolume: true },
  strike: async ({ active, volume, waitsFromNow }) => {
    const before = complaints(active)
    volume.fill()
    try {
      const deadline = Date.now() + noticedMs
      while (complaints(active) === before && Date.now() < deadline) await sleep(pollMs)
      if (complaints(active) === before) throw new Error('The volume is full, and the active does not say so')
      await sleep(fullMs)
    } finally {
      volume.free()
    }
    waitsFromNow()
  },
}

/** Of the journal and of the database. */
const complaints = ({ log }: BrokerMember): number =>
  log.filter((line) => /waits for space|has no space/.test(line)).length
