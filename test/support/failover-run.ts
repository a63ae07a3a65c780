// Load of the stock Java client while brokers fail, by FailoverRun.java: started, asked how far it is, and stopped for its
// account. What it sends and how it counts stands there.
import { join } from 'node:path'
import { prepareJavaClient, type ClientVersion, type JavaClient } from './java-clients.ts'
import { startJava, type JavaOptions, type JavaProcess } from './java-process.ts'

export interface FailoverLoad {
  /** Of the consumers' sessions: transacted, client or auto. */
  readonly mode: string
  /** All on one queue: shared; or pairs with a queue each. */
  readonly layout: string
  readonly producers: number
  readonly consumers: number
  /** Its name, or what the names of all begin with. */
  readonly queue?: string
}

/** A client that stood still for 100 ms or more. */
export interface Gap {
  readonly client: string
  /** Milliseconds since 1970. */
  readonly endedAt: number
  readonly ms: number
}

export interface FailoverAccount {
  readonly acknowledged: number
  readonly delivered: number
  readonly consumed: number
  /** Acknowledged and never delivered. */
  readonly lost: number
  /** Delivered, then neither consumed nor dead, and not in doubt. */
  readonly unconfirmed: number
  readonly inDoubt: number
  readonly duplicatesOfConsumed: number
  readonly redeliveredUnconsumed: number
  readonly orderViolations: number
  readonly deadLetters: number
  readonly deadUndelivered: readonly string[]
  readonly problems: readonly string[]
  readonly gaps: readonly Gap[]
  /** Examples, named lostSample and so on. */
  readonly [sample: string]: unknown
}

const sources = join(import.meta.dirname, '..', 'interop', 'java')

/** A client that can run this load. */
export const prepareFailoverClient = (version: ClientVersion): JavaClient => prepareJavaClient(version, sources)

export class FailoverRun {
  readonly #java: JavaProcess

  private constructor(java: JavaProcess) {
    this.#java = java
  }

  /** Returns once all clients work. */
  static async start(
    client: JavaClient,
    url: string,
    { mode, layout, producers, consumers, queue = 'FAILOVER.RUN' }: FailoverLoad,
    java: JavaOptions = {},
  ): Promise<FailoverRun> {
    const args = ['FailoverRun', url, mode, layout, String(producers), String(consumers), queue]
    const started = startJava(client.classpath, args, java)
    const line = await started.line((said) => said === 'running' || said.startsWith('{'))
    if (line !== 'running') throw new Error(`Cannot start the load: ${line}`)
    return new FailoverRun(started)
  }

  /** Resolves when so many more messages are acknowledged. */
  async flows(count: number): Promise<void> {
    const target = (await this.#acknowledged()) + count
    while ((await this.#acknowledged()) < target) await pause()
  }

  /** Resolves when each client has sent or consumed something after `since`. */
  async allFlow(since: number, patienceMs: number): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      const succeededAt = await this.#ask('flowing')
      if (succeededAt > since) return
      if (Date.now() > deadline) throw new Error(`A client got nothing done for ${Date.now() - succeededAt} ms`)
      await pause()
    }
  }

  /** Producers end, consumers take what is left. */
  async stop(): Promise<FailoverAccount> {
    this.#java.write('stop\n')
    const account = JSON.parse(await this.#java.line((line) => line.startsWith('{'))) as FailoverAccount
    await this.#java.ended
    return account
  }

  kill(): void {
    this.#java.kill()
  }

  #acknowledged(): Promise<number> {
    return this.#ask('progress', 'acknowledged')
  }

  async #ask(question: string, answer = question): Promise<number> {
    this.#java.write(`${question}\n`)
    return Number((await this.#java.line((line) => line.startsWith(answer))).split(' ')[1])
  }
}

/** For each fault and each producer, the longest time between two answers around it, if it is notable; ascending. */
export function longestGaps(gaps: readonly Gap[], faultsAt: readonly number[]): number[] {
  const longest = new Map<string, number>()
  for (const { client, endedAt, ms } of gaps) {
    if (!client.startsWith('producer')) continue
    const fault = faultsAt.findLastIndex((at) => endedAt >= at)
    if (fault < 0) continue
    const key = `${fault} ${client}`
    longest.set(key, Math.max(longest.get(key) ?? 0, ms))
  }
  return [...longest.values()].sort((a, b) => a - b)
}

/** Between two questions to a program that answers at once. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))
