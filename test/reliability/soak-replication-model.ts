// The long form of the model of replication: a million groups, of which .ci/run tries the first ten thousand.
import { runReplicationModel } from './replication-model/model.ts'
import type { SoakOptions } from './soak.ts'

const wholeLength = 1_000_000

export async function soakReplicationModel({ seed, scale, schedules, trace, print }: SoakOptions): Promise<void> {
  const figures = runReplicationModel({
    seed,
    schedules: schedules ?? Math.ceil(wholeLength * scale),
    trace: trace ? print : undefined,
    progress: (done) => print(`replication-model: ${done} groups`),
  })
  print(`replication-model: ${JSON.stringify(figures)}`)
}
