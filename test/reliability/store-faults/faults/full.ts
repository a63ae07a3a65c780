// No space where the store is, for some seconds.
import { sleep, storeNames, type StoreFault } from '../fault.ts'

const fullMs = 4000

export const full: StoreFault = {
  name: 'full',
  about: 'no space where the store is, for some seconds',
  rounds: 10,
  stores: storeNames,
  scene: { smallVolume: true },
  strike: async ({ volume, waitsFromNow }) => {
    volume.fill()
    await sleep(fullMs)
    volume.free()
    waitsFromNow()
  },
}
