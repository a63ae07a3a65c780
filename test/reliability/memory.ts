// How much memory a broker process needs: a queue with millions of persistent messages, filled, killed, started again and
// drained, and one message larger than the broker's memory limit. Throws when something is lost or changed; whether the
// figures are good enough is up to the caller.
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember } from '../support/broker-process.ts'
import { browseQueue, drainQueue, drainSelected, fillQueue, sendLarge } from './bulk-peers.ts'

const mebibyte = 2 ** 20
/** What a message needs on disk besides its content, roughly. */
const overheadBytes = 400

export interface BacklogOptions {
  readonly messages: number
  readonly contentBytes: number
  readonly memoryLimit: string
  /** Bound of the JavaScript heap, where an unbounded broker could hide what it keeps. */
  readonly heapMebibytes?: number
  readonly report?: (line: string) => void
}

export interface BacklogFigures {
  readonly messages: number
  readonly fillSeconds: number
  /** Largest resident set while it was filled, and after the restart. */
  readonly fillPeakBytes: number
  readonly restartPeakBytes: number
  readonly drainPeakBytes: number
  /** From the start of the new process until it listens, and until the first message is there. */
  readonly activeSeconds: number
  readonly firstMessageSeconds: number
  readonly drainSeconds: number
}

/** Fills a queue, kills the broker, starts it again and drains it. */
export async function runBacklog(options: BacklogOptions): Promise<BacklogFigures> {
  const { messages, contentBytes } = options
  checkSpace(messages * (contentBytes + overheadBytes))
  const { memoryLimit, heapMebibytes } = options
  return withBroker({ memoryLimit, ...(heapMebibytes && { heapMebibytes }) }, async (member) => {
    const say = options.report ?? (() => {})
    const port = member.options.openwirePort
    const every = Math.max(1000, Math.floor(messages / 10 / 1000) * 1000)
    const progress = (what: string) => (count: number) => {
      if (count % every === 0) say(`${what} ${count}; resident ${megabytes(residentBytes(member.pid))} MiB`)
    }
    await member.waitForRole('Active')
    const fillStart = performance.now()
    await fillQueue({ port, messages, contentBytes, perTransaction: 1000, progress: progress('sent') })
    const fillSeconds = secondsSince(fillStart)
    const fillPeakBytes = peakBytes(member.pid)
    say(`filled in ${fillSeconds.toFixed(1)} s, peak ${megabytes(fillPeakBytes)} MiB`)

    member.kill('SIGKILL')
    await member.exited
    const start = performance.now()
    member.start()
    // Only the active one listens.
    await untilListening(port)
    const activeSeconds = secondsSince(start)
    let firstMessageSeconds = 0
    let restartPeakBytes = 0
    const first = (): void => {
      firstMessageSeconds = secondsSince(start)
      restartPeakBytes = peakBytes(member.pid)
      say(`first message after ${firstMessageSeconds.toFixed(2)} s, peak ${megabytes(restartPeakBytes)} MiB`)
    }
    await drainQueue({ port, messages, contentBytes, transacted: true, first, progress: progress('received') })
    const drainSeconds = secondsSince(start) - firstMessageSeconds
    const drainPeakBytes = peakBytes(member.pid)
    say(`drained in ${drainSeconds.toFixed(1)} s, peak ${megabytes(drainPeakBytes)} MiB`)
    const figures = { fillSeconds, fillPeakBytes, restartPeakBytes, drainPeakBytes, drainSeconds }
    return { messages, ...figures, firstMessageSeconds, activeSeconds }
  })
}

export interface SelectiveFigures {
  readonly messages: number
  readonly selectedSeconds: number
  readonly browsedSeconds: number
  readonly peakBytes: number
}

/**
 * Fills a queue, kills the broker, starts it again, and takes every hundredth message out by a selector, beside 99 consumers whose
 * selectors match nothing. Then browses all that is left.
 */
export async function runSelectiveBacklog(options: BacklogOptions): Promise<SelectiveFigures> {
  const { messages, contentBytes, memoryLimit, heapMebibytes } = options
  checkSpace(messages * (contentBytes + overheadBytes))
  return withBroker({ memoryLimit, ...(heapMebibytes && { heapMebibytes }) }, async (member) => {
    const port = member.options.openwirePort
    await member.waitForRole('Active')
    await fillQueue({ port, messages, contentBytes, perTransaction: 1000 })
    member.kill('SIGKILL')
    await member.exited
    member.start()
    await untilListening(port)
    const start = performance.now()
    await drainSelected({ port, messages, oneOf: 100, others: 99 })
    const selectedSeconds = secondsSince(start)
    const browseStart = performance.now()
    await browseQueue({ port, messages, contentBytes, without: 100 })
    const browsedSeconds = secondsSince(browseStart)
    return { messages, selectedSeconds, browsedSeconds, peakBytes: peakBytes(member.pid) }
  })
}

export interface LargeMessageOptions {
  readonly contentBytes: number
  readonly memoryLimit: string
}

export interface LargeMessageFigures {
  readonly sendSeconds: number
  readonly sendPeakBytes: number
  readonly receiveSeconds: number
  readonly receivePeakBytes: number
}

/** Sends one message, kills the broker, starts it again and receives the message. */
export async function runLargeMessage({
  contentBytes,
  memoryLimit,
}: LargeMessageOptions): Promise<LargeMessageFigures> {
  const maxFrameSize = `${Math.ceil(contentBytes / mebibyte) + 1}Mi`
  return withBroker({ memoryLimit, maxFrameSize }, async (member) => {
    const port = member.options.openwirePort
    await member.waitForRole('Active')
    const sendStart = performance.now()
    await sendLarge(port, contentBytes)
    const sendSeconds = secondsSince(sendStart)
    const sendPeakBytes = peakBytes(member.pid)
    member.kill('SIGKILL')
    await member.exited
    member.start()
    await member.waitForRole('Active')
    const receiveStart = performance.now()
    await drainQueue({ port, messages: 1, contentBytes, transacted: false })
    const receiveSeconds = secondsSince(receiveStart)
    return { sendSeconds, sendPeakBytes, receiveSeconds, receivePeakBytes: peakBytes(member.pid) }
  })
}

interface Limits {
  readonly memoryLimit: string
  readonly maxFrameSize?: string
  readonly heapMebibytes?: number
}

async function withBroker<T>(limits: Limits, use: (member: BrokerMember) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-memory-'))
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const { maxFrameSize, heapMebibytes } = limits
  const member = new BrokerMember({
    member: 'member-0',
    directory,
    dataDirectory: join(directory, 'data'),
    config: {
      memoryLimit: limits.memoryLimit,
      ...(maxFrameSize && {
        transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: openwirePort, maxFrameSize }],
      }),
    },
    ...(heapMebibytes && { env: { NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` } }),
    openwirePort,
    adminPort,
  }).start()
  try {
    return await use(member)
  } finally {
    await member.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Polls, because a refused connection tells at once. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function checkSpace(neededBytes: number): void {
  const { bavail, bsize } = statfsSync(tmpdir())
  if (bavail * bsize < neededBytes * 1.1)
    throw new Error(`Cannot fill the queue: ${tmpdir()} has ${bavail * bsize} bytes free, ${neededBytes} are needed`)
}

const procStatus = (pid: number, field: string): number => {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) * 1024
}
const residentBytes = (pid: number): number => procStatus(pid, 'VmRSS')
/** The largest resident set since the process began. */
const peakBytes = (pid: number): number => procStatus(pid, 'VmHWM')

const secondsSince = (startMs: number): number => (performance.now() - startMs) / 1000
const megabytes = (bytes: number): number => Math.round(bytes / mebibyte)
