// The long form of the model of networks: ten thousand networks, of which the short form tries the first thousands.
import { runWatched } from './network-model/run-watched.ts'
import type { SoakOptions } from './soak.ts'

const runs = 10_000

export async function soakNetworkModel({ seed, scale, print }: SoakOptions): Promise<void> {
  const figures = await runWatched({ seed, runs: Math.ceil(runs * scale) })
  print(`network-model: ${JSON.stringify(figures)}`)
}
