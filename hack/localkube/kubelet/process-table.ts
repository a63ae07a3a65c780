// The processes that run for the stand-in, one small file each, so that the next start can end what a killed stand-in
// left behind. A process is known by pid and start time: a stranger that got the pid later is never touched.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { killGroup } from './process-group.ts'

export class ProcessTable {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  add(pid: number): void {
    const startTime = processStartTime(pid)
    if (startTime !== undefined) writeFileSync(join(this.#directory, `${pid}.json`), JSON.stringify({ startTime }))
  }

  remove(pid: number): void {
    rmSync(join(this.#directory, `${pid}.json`), { force: true })
  }

  /** Kills the process groups of an earlier run that are still there; returns their pids. */
  endStale(): number[] {
    const ended: number[] = []
    for (const file of readdirSync(this.#directory)) {
      const pid = Number.parseInt(file, 10)
      const recorded = readRecord(join(this.#directory, file))
      if (pid > 1 && recorded !== undefined && processStartTime(pid) === recorded) {
        killGroup(pid, 'SIGKILL')
        ended.push(pid)
      }
      rmSync(join(this.#directory, file), { force: true })
    }
    return ended
  }
}

function readRecord(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { startTime?: string }).startTime
  } catch {
    return undefined // torn by a crash: nothing can be concluded from it
  }
}

/** Something that tells two processes of the same pid apart; undefined when there is no such process. */
export function processStartTime(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      return afterName[0] === 'Z' ? undefined : `${bootId}/${afterName[19]}`
    }
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined
    )
  } catch {
    return undefined
  }
}
