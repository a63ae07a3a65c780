// The first host of the URL takes no writes, while members are killed.
import type { StoreFault } from '../fault.ts'
import { kill } from './killed.ts'

export const readOnlyFirst: StoreFault = {
  name: 'read-only-first',
  about: 'the first host of the URL is a read-only standby, SIGKILL of the active',
  rounds: 10,
  stores: ['jdbc-postgresql'],
  scene: { second: 'first' },
  strike: kill,
}
