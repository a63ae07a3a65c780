// The long form of the model of replication: a million groups, of which .ci/run tries the first ten thousand.
import { runReplicationModel } from './replication-model/model.ts'
import type { SoakOptions } from './soak.ts'

const schedules = 1_000_000

export async function soakReplicationModel({ seed, scale, print }: SoakOptions): Promise<void> {
  const figures = runReplicationModel({ seed, schedules: Math.ceil(schedules * scale) })
  print(`replication-model: ${JSON.stringify(figures)}`)
}
