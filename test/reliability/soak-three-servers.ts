// The long form of three-servers: 50 kills and 50 cuts of the network.
import type { SoakOptions } from './soak.ts'
import { runThreeServers } from './three-servers/run.ts'

const rounds = 50

export async function soakThreeServers({ scale, print }: SoakOptions): Promise<void> {
  const figures = await runThreeServers({
    rounds: Math.ceil(rounds * scale),
    print: (line) => print(`three-servers: ${line}`),
  })
  const { lost, bridgeBackMs, ...rest } = figures
  const p99 = bridgeBackMs[Math.ceil(bridgeBackMs.length * 0.99) - 1]
  print(
    `three-servers: ${JSON.stringify(rest)}, bridge back p50 ${bridgeBackMs[bridgeBackMs.length >> 1]} ms, p99 ${p99} ms`,
  )
  if (lost.length > 0) throw new Error(`${lost.length} acknowledged messages are lost: ${lost.slice(0, 10).join(' ')}`)
}
