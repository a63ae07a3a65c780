// The long form of memory.ts, with the goals: ten million messages of 1 KiB within 512 MiB of process memory, the first of
// them 2 s after a kill, also with a hundred selectors of which one matches, and browsed; and a message of 100 MiB through a memory limit of
// 64 MiB. Needs about 13 GB of disk.
import { runBacklog, runLargeMessage, runSelectiveBacklog } from './memory.ts'
import type { SoakOptions } from './soak.ts'

const mebibyte = 2 ** 20
const mostBytes = 512 * mebibyte
const mostSeconds = 2

export async function soakMemory({ scale, print }: SoakOptions): Promise<void> {
  const messages = Math.max(1000, Math.round(10_000 * scale) * 1000)
  const backlog = await runBacklog({ messages, contentBytes: 1024, memoryLimit: '64Mi', report: print })
  print(`memory: ${JSON.stringify(backlog)}`)
  const { fillPeakBytes, restartPeakBytes, drainPeakBytes, firstMessageSeconds } = backlog
  const peakBytes = Math.max(fillPeakBytes, restartPeakBytes, drainPeakBytes)
  const selective = await runSelectiveBacklog({ messages, contentBytes: 1024, memoryLimit: '64Mi' })
  print(`memory: a hundred selectors: ${JSON.stringify(selective)}`)
  const contentBytes = Math.max(1, Math.round(100 * scale)) * mebibyte
  const large = await runLargeMessage({ contentBytes, memoryLimit: `${Math.max(1, Math.round(64 * scale))}Mi` })
  print(`memory: one message of ${contentBytes} bytes: ${JSON.stringify(large)}`)
  if (Math.max(peakBytes, selective.peakBytes) > mostBytes)
    throw new Error(`The broker took ${peakBytes} and ${selective.peakBytes} bytes, ${mostBytes} are allowed`)
  if (firstMessageSeconds > mostSeconds)
    throw new Error(`The first message came ${firstMessageSeconds} s after the start, ${mostSeconds} s are allowed`)
}
