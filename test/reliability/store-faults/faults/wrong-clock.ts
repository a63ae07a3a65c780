// The clock of one member is wrong while members are killed.
import { storeNames, type StoreFault } from '../fault.ts'
import { kill } from './killed.ts'

export const wrongClock: StoreFault = {
  name: 'wrong-clock',
  about: 'the clock of one member 10 minutes off, SIGKILL of the active',
  rounds: 20,
  stores: storeNames,
  scene: { clockOffMs: 10 * 60_000 },
  strike: kill,
}
