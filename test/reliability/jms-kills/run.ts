// SIGKILLs under a load of several actors: a pair of real broker processes on one data directory, whose active is killed again
// and again at a random moment, sometimes with its standby, sometimes its heir right after it. Whoever was killed is started
// again at once. At the end all is received, and each actor's history is checked.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { activeAfter, type BrokerMember } from '../../support/broker-process.ts'
import { FencingGroup } from '../fencing-group.ts'
import { RecordedLoad, type ActorFigures } from '../recorded-load.ts'
import { pause } from './actor.ts'
import { actorKinds, type ActorName } from './actors.ts'

export interface JmsKillsOptions {
  readonly seed: number
  /** How often an active member is killed. */
  readonly kills: number
  readonly actors: readonly ActorName[]
  readonly print?: (line: string) => void
}

export interface JmsKillsFigures {
  readonly kills: number
  /** Of these with the standby, so that a start was cold; and of heirs, right after they took over. */
  readonly cold: number
  readonly heirs: number
  readonly actors: Readonly<Record<string, ActorFigures>>
}

const mostPauseMs = 500
const killsPerLine = 10

/** Rejects with what was wrong; brokers' logs and histories are left where the error says. */
export async function runJmsKills(options: JmsKillsOptions): Promise<JmsKillsFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-jms-kills-'))
  const group = await FencingGroup.start({
    directory,
    dataDirectory: join(directory, 'data'),
    config: {
      store: { type: 'Journal', maxFileLength: '1Mi' },
      destinationPolicies: options.actors.flatMap((name) => [...actorKinds[name].policies]),
    },
  })
  const run = new KillRun(options, group)
  try {
    const figures = await run.toTheEnd()
    await group.stop()
    rmSync(directory, { recursive: true, force: true })
    return figures
  } catch (error) {
    await group.stop()
    run.leave(directory)
    const text = `Cannot call it safe, seed ${options.seed}: ${(error as Error).message}\nLogs of the brokers and histories of the actors are in ${directory}`
    throw new Error(text, { cause: error })
  }
}

class KillRun {
  readonly #options: JmsKillsOptions
  readonly #group: FencingGroup
  readonly #load: RecordedLoad
  #kills = 0
  #cold = 0
  #heirs = 0

  constructor(options: JmsKillsOptions, group: FencingGroup) {
    this.#options = options
    this.#group = group
    this.#load = new RecordedLoad({ ...options, failoverUrl: group.failoverUrl() })
  }

  async toTheEnd(): Promise<JmsKillsFigures> {
    this.#load.start()
    while (this.#kills < this.#options.kills) {
      await this.#load.goesOn()
      await this.#killOne()
      if (this.#group.violations.length > 0) throw new Error(this.#group.violations.join('\n'))
      if (this.#kills % killsPerLine === 0) this.#options.print?.(`${this.#kills} kills, ${this.#load.progressText()}`)
    }
    await this.#load.goesOn()
    const wrong = [...(await this.#load.finish()), ...this.#group.violations]
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    return { kills: this.#kills, cold: this.#cold, heirs: this.#heirs, actors: this.#load.figures() }
  }

  /** For people, after a failure. */
  leave(directory: string): void {
    this.#load.leave(directory)
    this.#group.leaveLogs(directory)
  }

  async #killOne(): Promise<void> {
    const { dice } = this.#load
    const active = await this.#group.active()
    const standby = this.#group.standbyOf(active)
    const term = (await active.role())?.term ?? 0
    await this.#load.meanwhile(pause(dice.between(0, mostPauseMs)))
    const both = dice.chance(0.15)
    const heirToo = !both && dice.chance(0.15) && this.#kills + 1 < this.#options.kills
    // The one that waits first: it must not take over in between.
    if (both) this.#kill(standby)
    this.#kill(active)
    this.#kills++
    if (both) this.#cold++
    if (!heirToo) return
    const heir = await activeAfter(this.#group.members, term)
    await pause(dice.between(0, 200))
    this.#kill(heir)
    this.#kills++
    this.#heirs++
  }

  #kill(member: BrokerMember): void {
    this.#load.forgotten(member.options.member)
    member.kill('SIGKILL')
  }
}
