// Networks of ActiveMQ's brokers and ours, in each direction (networks/): what has to hold is the same for all, and has been tried
// with ActiveMQ on both sides, which --matrix does again.
import { activemqVersions } from '../support/activemq-broker.ts'
import { choice, virtualTopics } from './networks/choice.ts'
import { bothWays, ring, triangle } from './networks/circles.ts'
import { drain } from './networks/drain.ts'
import { durable, durableSync } from './networks/durable.ts'
import { farKilled, masterSlave, nearKilled, staticFailover } from './networks/failures.ts'
import { duplex, oneWay } from './networks/forwarding.ts'
import { migration } from './networks/migration.ts'
import { Network } from './networks/network.ts'
import { hops } from './networks/routes.ts'
import type { Pair, Scene } from './networks/scene.ts'
import { credentials, tls } from './networks/secured.ts'
import { withoutStore } from './networks/without-store.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

export interface NetworkChecks {
  /** All pairs in all scenes, and not only what CI has time for. */
  readonly wholeMatrix: boolean
  /** Only scenes with this in their name: `ours → 5.17.2, duplex`. */
  readonly tests: string
}

const scenes: Readonly<Record<string, Scene>> = {
  'one way': oneWay,
  duplex,
  choice,
  'virtual topics': virtualTopics,
  hops,
  'both ways': bothWays,
  ring,
  triangle,
  durable,
  'durable sync': durableSync,
  'far killed': farKilled,
  'near killed': nearKilled,
  'master and slave': masterSlave,
  'static failover': staticFailover,
  'without a store': withoutStore,
  migration,
  drain,
}

/** Where an ActiveMQ is dialled by ours. */
const dialledScenes: Readonly<Record<string, Scene>> = { tls, credentials }

/** With ours on one side. The others prove the scenes. */
const mixed: readonly Pair[] = [
  ...activemqVersions.flatMap((version): Pair[] => [
    { near: 'ours', far: version },
    { near: version, far: 'ours' },
  ]),
  { near: 'ours', far: 'ours' },
]
const references: readonly Pair[] = activemqVersions.map((version) => ({ near: version, far: version }))

/** Each has two or three processes that mostly wait. */
const scenesAtATime = 3

export async function checkNetworks({ wholeMatrix, tests }: NetworkChecks, report: Report): Promise<void> {
  const pairs = wholeMatrix ? [...references, ...mixed] : mixed
  const runs = pairs.flatMap((pair) =>
    Object.entries({ ...scenes, ...(pair.near === 'ours' && pair.far !== 'ours' ? dialledScenes : {}) })
      .map(([scene, play]) => ({ pair, play, name: `${pair.near} → ${pair.far}, ${scene}` }))
      .filter(({ name }) => name.includes(tests)),
  )
  await Promise.all(
    Array.from({ length: scenesAtATime }, async () => {
      for (let run = runs.shift(); run; run = runs.shift()) await playScene(run.name, run.play, run.pair, report)
    }),
  )
}

/** Each waits for what does not come. */
const mostFailures = 4

async function playScene(name: string, play: Scene, pair: Pair, report: Report): Promise<void> {
  const startedAt = Date.now()
  let failures = 0
  try {
    await Network.run((network) =>
      play(network, pair, async (what, body) => {
        if (failures === mostFailures) throw new Error(`Cannot go on after ${failures} failures`)
        try {
          report(true, `${name}: ${what}`, (await body()) ?? '')
        } catch (error) {
          failures++
          report(false, `${name}: ${what}`, shortened(error))
          console.log(network.lastWords)
        }
      }),
    )
    console.log(`   ${name}: ${Date.now() - startedAt} ms`)
  } catch (error) {
    report(false, `${name} ran`, shortened(error))
  }
}

const longestReason = 1000

const shortened = (error: unknown): string => String(error).slice(0, longestReason)
