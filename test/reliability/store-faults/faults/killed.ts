// SIGKILL of the active; it is started again at once.
import { storeNames, type FaultRound, type StoreFault } from '../fault.ts'

export const killed: StoreFault = {
  name: 'killed',
  about: 'SIGKILL of the active',
  rounds: 100,
  stores: storeNames,
  strike: kill,
}

export async function kill({ active, forgets }: Pick<FaultRound, 'active' | 'forgets'>): Promise<void> {
  forgets(active)
  active.kill('SIGKILL')
}
