// All faults, in the order in which they are tried.
import type { StoreFault, StoreName } from './fault.ts'
import { briefCut } from './faults/brief-cut.ts'
import { connectionsTaken } from './faults/connections-taken.ts'
import { cutApart } from './faults/cut-apart.ts'
import { cut } from './faults/cut.ts'
import {
  cutActiveFromElection,
  cutStandbysFromElection,
  electionGone,
  electionGoneAndKilled,
} from './faults/cut-from-election.ts'
import { cutOffActive, cutOffStandby } from './faults/cut-off.ts'
import { databaseFailover } from './faults/database-failover.ts'
import { databaseKilled } from './faults/database-killed.ts'
import { diskLost } from './faults/disk-lost.ts'
import { ended } from './faults/ended.ts'
import { full } from './faults/full.ts'
import { fullStandby } from './faults/full-standby.ts'
import { killed } from './faults/killed.ts'
import { readOnlyFirst } from './faults/read-only-first.ts'
import { sessionsKilled } from './faults/sessions-killed.ts'
import { silenced } from './faults/silenced.ts'
import { stopped } from './faults/stopped.ts'
import { twoKilled } from './faults/two-killed.ts'
import { wrongClock } from './faults/wrong-clock.ts'
import { zooKeeperLeaderKilled, zooKeepersGone } from './faults/zookeeper-killed.ts'

export const storeFaults = {
  killed,
  ended,
  stopped,
  'wrong-clock': wrongClock,
  full,
  cut,
  'brief-cut': briefCut,
  silenced,
  'database-killed': databaseKilled,
  'database-failover': databaseFailover,
  'read-only-first': readOnlyFirst,
  'connections-taken': connectionsTaken,
  'sessions-killed': sessionsKilled,
  'two-killed': twoKilled,
  'cut-off-active': cutOffActive,
  'cut-off-standby': cutOffStandby,
  'cut-apart': cutApart,
  'cut-active-from-election': cutActiveFromElection,
  'cut-standbys-from-election': cutStandbysFromElection,
  'zookeeper-leader-killed': zooKeeperLeaderKilled,
  'zookeepers-gone': zooKeepersGone,
  'election-gone': electionGone,
  'election-gone-and-killed': electionGoneAndKilled,
  'full-standby': fullStandby,
  'disk-lost': diskLost,
} satisfies Record<string, StoreFault>

export type FaultName = keyof typeof storeFaults

export const faultsOf = (store: StoreName): readonly StoreFault[] =>
  Object.values<StoreFault>(storeFaults).filter(({ stores }) => stores.includes(store))
