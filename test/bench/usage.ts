// What a broker process has used so far, read from Linux's /proc: CPU, memory, and the syncs that the shim counted.
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../support/java-clients.ts'

/** Linux reports times in these; sysconf(_SC_CLK_TCK) is 100 on every platform Node runs on. */
const ticksPerSecond = 100
const counterBytes = 32
export const bytesPerMiB = 2 ** 20

export interface Syncs {
  readonly fsync: number
  readonly fdatasync: number
  /** sync_file_range, syncfs, msync. */
  readonly other: number
  /** Writes to files opened with O_SYNC or O_DSYNC. */
  readonly synchronousWrites: number
}

/** User and system time of a process, its children and those it has already outlived. */
export function cpuSeconds(pid: number): number {
  let seconds = 0
  for (const member of processTree(pid)) {
    const stat = readProc(member, 'stat')
    // The name in parentheses may hold blanks; the fields behind it are counted from the third.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    for (const index of [11, 12, 13, 14]) seconds += Number(fields[index] ?? 0) / ticksPerSecond
  }
  return seconds
}

/** Highest resident memory so far. */
export function peakMemoryBytes(pid: number): number {
  let bytes = 0
  for (const member of processTree(pid)) {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(member, 'status'))
    bytes += Number(match?.[1] ?? 0) * 1024
  }
  return bytes
}

interface Broker {
  readonly pid: number
  readonly others?: readonly { readonly pid: number }[]
}

/** All processes of these brokers. */
export const processesOf = (brokers: readonly Broker[]): readonly { readonly pid: number }[] =>
  brokers.flatMap((broker) => [broker, ...(broker.others ?? [])])

export function cpuOfAll(brokers: readonly Broker[]): number {
  return processesOf(brokers).reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
}

/** The highest of each, whenever that was. */
export function peakMemoryOfAll(brokers: readonly Broker[]): number {
  return processesOf(brokers).reduce((sum, { pid }) => sum + peakMemoryBytes(pid), 0)
}

/** A file for the shim to count in, and what it says. */
export class SyncCounters {
  readonly path: string

  constructor(path: string) {
    this.path = path
    writeFileSync(path, Buffer.alloc(counterBytes))
  }

  read(): Syncs {
    const buffer = Buffer.alloc(counterBytes)
    const file = openSync(this.path, 'r')
    try {
      readSync(file, buffer, 0, counterBytes, 0)
    } finally {
      closeSync(file)
    }
    const at = (index: number): number => Number(buffer.readBigUInt64LE(index * 8))
    return { fsync: at(0), fdatasync: at(1), other: at(2), synchronousWrites: at(3) }
  }

  total(): number {
    const { fsync, fdatasync, other, synchronousWrites } = this.read()
    return fsync + fdatasync + other + synchronousWrites
  }
}

/** Compiles the shim into `directory`; its path is what LD_PRELOAD takes. */
export function buildSyncShim(directory: string): string {
  const library = join(directory, 'sync-shim.so')
  const source = join(import.meta.dirname, 'native', 'sync-shim.c')
  runTool('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  return library
}

/** A process, its children, and theirs. */
export function processTree(pid: number): number[] {
  const all = [pid]
  for (const member of all) {
    let threads: string[] = []
    try {
      threads = readdirSync(`/proc/${member}/task`)
    } catch {
      // It has just ended.
    }
    for (const thread of threads) {
      const children = readProc(member, `task/${thread}/children`).split(' ').filter(Boolean)
      all.push(...children.map(Number))
    }
  }
  return all
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
