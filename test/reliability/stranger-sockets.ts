// Strangers on real sockets of a real broker process, and honest clients beside them whose messages and latency are
// watched, as is the memory of the process. Throws when an honest client loses a message, gets one twice or has to wait
// too long, when the broker grows beyond a bound, or when it is not ready at the end.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createConnectionFactory } from '../../broker/client/index.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember } from '../support/broker-process.ts'
import type { AttackOrders } from './stranger-attacks-worker.ts'

export interface SocketCampaignOptions {
  readonly seed: number
  readonly seconds: number
  /** Connections that never send anything; 10,000 when not said. */
  readonly idleConnections?: number
  readonly print: (line: string) => void
}

export interface SocketCampaignResult {
  honestMessages: number
  latencyMs: { p50: number; p99: number; max: number }
  warmRssBytes: number
  maxRssBytes: number
  limitsReached: Readonly<Record<string, number>>
  counts: Readonly<Record<string, number>>
}

/**
 * Without a bound V8 takes what the machine has before it collects, which cannot be told from a leak: on 24 GiB the same run
 * went from 1.1 to 1.6 GiB and back.
 */
const heapMebibytes = 640
export const socketRssGrowthBytes = 384 * 2 ** 20
/** On a machine that is not busy with other things a message takes milliseconds. */
const maxLatencyMs = 10_000
const warmUpShare = 0.3
const samplePeriodMs = 250
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export async function runSocketCampaign(options: SocketCampaignOptions): Promise<SocketCampaignResult> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-strangers-'))
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const broker = new BrokerMember({
    member: 'member-0',
    directory,
    dataDirectory: join(directory, 'data'),
    openwirePort,
    adminPort,
    env: { NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` },
    config: {
      transportConnectors: [
        {
          name: 'openwire',
          host: '127.0.0.1',
          port: openwirePort,
          maximumConnections: 20_000,
          tightEncodingEnabled: true,
          cacheEnabled: true,
        },
      ],
      memoryLimit: '64Mi',
    },
  }).start()
  try {
    await broker.waitForRole('Active')
    return await new SocketCampaign(options, broker).run()
  } finally {
    await broker.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

class SocketCampaign {
  readonly #options: SocketCampaignOptions
  readonly #broker: BrokerMember
  readonly #latencies: number[] = []
  readonly #stopping = new AbortController()
  readonly #startMs = performance.now()
  #warmRssBytes = 0
  #maxRssBytes = 0

  constructor(options: SocketCampaignOptions, broker: BrokerMember) {
    this.#options = options
    this.#broker = broker
  }

  async run(): Promise<SocketCampaignResult> {
    const { seconds, seed, idleConnections = 10_000, print } = this.#options
    const { openwirePort: port } = this.#broker.options
    const honest = this.#honestClients()
    const orders: AttackOrders = { port, seed, idleConnections }
    const strangers = new Worker(new URL('stranger-attacks-worker.ts', import.meta.url), { workerData: orders })
    const ended = Promise.withResolvers<Record<string, number>>()
    strangers.once('message', ended.resolve)
    strangers.once('error', ended.reject)
    const watch = this.#watchMemory()
    await Promise.race([pause(seconds * 1000), Promise.race([honest, watch, ended.promise])])
    strangers.postMessage('stop')
    const counts = await ended.promise
    this.#stopping.abort()
    await Promise.all([honest, watch, strangers.terminate()])
    const result = { ...this.#result(), limitsReached: await this.#limitsReached(), counts }
    print(JSON.stringify(result))
    await this.#checkReady()
    return result
  }

  /** A persistent queue with an answer for each send, and a request and reply over a temporary queue. */
  async #honestClients(): Promise<void> {
    const factory = createConnectionFactory(`tcp://127.0.0.1:${this.#broker.options.openwirePort}`)
    const connection = await factory.createConnection()
    connection.start()
    const session = await connection.createSession('auto')
    const reply = await session.createTemporaryQueue()
    const places = [
      {
        producer: await session.createProducer('queue://honest.orders'),
        consumer: await session.createConsumer('queue://honest.orders'),
      },
      { producer: await session.createProducer(reply), consumer: await session.createConsumer(reply) },
    ]
    for (let sequence = 1; !this.#stopping.signal.aborted; sequence++) {
      for (const { producer, consumer } of places) {
        const startMs = performance.now()
        await producer.send(`order ${sequence}`)
        const message = await consumer.receive(maxLatencyMs)
        const latencyMs = performance.now() - startMs
        this.#latencies.push(latencyMs)
        if (message?.text !== `order ${sequence}`)
          throw new Error(`The honest client got ${message?.text ?? 'nothing'} instead of order ${sequence}`)
        if (latencyMs > maxLatencyMs) throw new Error(`The honest client waited ${Math.round(latencyMs)} ms`)
      }
      await pause(5)
    }
    await connection.close()
  }

  async #watchMemory(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const rss = residentBytes(this.#broker.pid)
      const warming = performance.now() - this.#startMs < this.#options.seconds * 1000 * warmUpShare
      if (warming) this.#warmRssBytes = Math.max(this.#warmRssBytes, rss)
      this.#maxRssBytes = Math.max(this.#maxRssBytes, rss)
      if (this.#warmRssBytes > 0 && rss > this.#warmRssBytes + socketRssGrowthBytes && !warming)
        throw new Error(`The broker grew from ${this.#warmRssBytes} bytes after the warm-up to ${rss}`)
      await pause(samplePeriodMs)
    }
  }

  async #checkReady(): Promise<void> {
    const { adminPort } = this.#broker.options
    const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
    if (answer.status !== 200) throw new Error(`The broker is not ready: ${await answer.text()}`)
    const errors = this.#broker.log
      .join('')
      .split('\n')
      .filter((line) => /"level":"?(error|50)/.test(line))
    if (errors.length > 0) throw new Error(`The broker logged errors: ${errors.slice(0, 3).join('\n')}`)
  }

  async #limitsReached(): Promise<Record<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.#broker.options.adminPort}/metrics`)
    const found = (await answer.text()).matchAll(/^flotilla_limit_reached_total\{limit="(\w+)"\} (\d+)$/gm)
    return Object.fromEntries(Array.from(found, ([, limit, times]) => [limit!, Number(times)]))
  }

  #result(): Omit<SocketCampaignResult, 'limitsReached' | 'counts'> {
    const sorted = this.#latencies.toSorted((left, right) => left - right)
    const at = (share: number): number => Math.round(10 * (sorted[Math.floor(sorted.length * share)] ?? 0)) / 10
    return {
      honestMessages: sorted.length,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) },
      warmRssBytes: this.#warmRssBytes,
      maxRssBytes: this.#maxRssBytes,
    }
  }
}

function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}
