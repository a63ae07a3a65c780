// The long form of jms-kills: 100 SIGKILLs under a load that mixes what JMS has.
import { actorKinds, allActors, type ActorName } from './jms-kills/actors.ts'
import { runJmsKills } from './jms-kills/run.ts'
import type { SoakOptions } from './soak.ts'

const kills = 100

export async function soakJmsKills(
  { seed, scale, print }: SoakOptions,
  actors: readonly ActorName[] = allActors,
): Promise<void> {
  const figures = await runJmsKills({
    seed,
    kills: Math.ceil(kills * scale),
    actors,
    print: (line) => print(`jms-kills: ${line}`),
  })
  const { actors: each, ...rest } = figures
  print(`jms-kills: ${JSON.stringify(rest)}`)
  for (const [name, ofOne] of Object.entries(each)) print(`jms-kills: ${name} ${JSON.stringify(ofOne)}`)
}

/** One kind of load by itself. */
export const soakJmsKillsOf = Object.fromEntries(
  (Object.keys(actorKinds) as ActorName[]).map((name) => [
    `jms-kills:${name}`,
    (options: SoakOptions) => soakJmsKills(options, [name]),
  ]),
)
