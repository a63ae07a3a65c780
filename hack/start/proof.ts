// The proof of `npm start`: numbered persistent messages through a failover URL, the active killed with SIGKILL in the
// middle, and the account of what arrived. Uses the same client that users have; knows no Kubernetes.
import { createConnectionFactory, type Connection } from '../../broker/client/index.ts'
import { roleAt } from '../../broker/management/role-at.ts'

interface ProofMember {
  readonly name: string
  readonly adminUrl: string
}

interface ProofPlan {
  /** Where messages are sent, and where they are received: the same brokers, or others that these forward to. */
  readonly sendUrl: string
  readonly receiveUrl: string
  /** Those of whom the active is killed. */
  readonly members: readonly ProofMember[]
  readonly messages: number
  /** Ends the member's process at once, without warning; null = nobody is killed. */
  readonly kill: ((member: string) => void) | null
  readonly timeoutMs: number
}

interface ProofResult {
  readonly sent: number
  readonly received: number
  /** Of these: the answer to their commit was lost with the connection, and they did not come again. */
  readonly inDoubt: number
  readonly lost: readonly number[]
  readonly duplicated: number
  readonly outOfOrder: number
  readonly killed: string | null
  readonly tookOver: string | null
  /** From the kill until a member reported that it is active. */
  readonly takeoverMs: number | null
  /** The longest a sender waited for one answer. */
  readonly longestSendMs: number
}

const commitEvery = 50
const pollMs = 5
const receiveTimeoutMs = 200

export async function runProof(plan: ProofPlan): Promise<ProofResult> {
  const deadline = Date.now() + plan.timeoutMs
  const queue = `queue://FLOTILLA.PROOF.${Date.now()}`
  const connections: Connection[] = []
  try {
    const [sending, receiving] = await withTimeout(
      Promise.all([
        createConnectionFactory(plan.sendUrl).createConnection(),
        createConnectionFactory(plan.receiveUrl).createConnection(),
      ]),
      plan.timeoutMs,
      'connect',
    )
    connections.push(sending, receiving)
    receiving.start()
    const account = new Account()
    const received = receive(receiving, queue, account, plan.messages, deadline)
    const sentResult = await withTimeout(send(sending, queue, account, plan), plan.timeoutMs, 'send all messages')
    await received
    return { ...account.result(plan.messages), ...sentResult }
  } finally {
    await Promise.allSettled(connections.map((connection) => withTimeout(connection.close(), 2000, 'close')))
  }
}

/**
 * Which numbers were acknowledged to the sender, delivered to the receiver, and committed by it. A commit that was cut off
 * by the kill is in doubt: if the broker has it, its messages never come again, so that lost means never delivered.
 */
class Account {
  readonly #acknowledged = new Set<number>()
  readonly #delivered = new Set<number>()
  readonly #committed = new Set<number>()
  #duplicated = 0
  #outOfOrder = 0
  #last = -1

  acknowledge(n: number): void {
    this.#acknowledged.add(n)
  }

  deliver(n: number): void {
    if (this.#committed.has(n)) this.#duplicated++
    if (!this.#delivered.has(n) && n < this.#last) this.#outOfOrder++
    this.#delivered.add(n)
    this.#last = Math.max(this.#last, n)
  }

  commit(numbers: readonly number[]): void {
    for (const n of numbers) this.#committed.add(n)
  }

  get received(): number {
    return this.#delivered.size
  }

  result(messages: number): Pick<ProofResult, 'sent' | 'received' | 'inDoubt' | 'lost' | 'duplicated' | 'outOfOrder'> {
    const lost = Array.from({ length: messages }, (_, n) => n).filter(
      (n) => this.#acknowledged.has(n) && !this.#delivered.has(n),
    )
    return {
      sent: this.#acknowledged.size,
      received: this.#delivered.size,
      inDoubt: this.#delivered.size - this.#committed.size,
      lost,
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
    }
  }
}

async function send(connection: Connection, queue: string, account: Account, plan: ProofPlan) {
  const session = await connection.createSession('auto')
  const producer = await session.createProducer(queue)
  let takeover: Promise<Takeover> | null = null
  let longestSendMs = 0
  for (let n = 0; n < plan.messages; n++) {
    if (plan.kill && n === Math.floor(plan.messages / 2)) takeover = killActive(plan, plan.kill)
    const startedAt = performance.now()
    await producer.send({ body: `message ${n}`, properties: { n } })
    longestSendMs = Math.max(longestSendMs, performance.now() - startedAt)
    account.acknowledge(n)
  }
  const { killed, tookOver, takeoverMs } = (await takeover) ?? { killed: null, tookOver: null, takeoverMs: null }
  return { killed, tookOver, takeoverMs, longestSendMs: Math.round(longestSendMs) }
}

/** Receives in transactions, because a returned commit is what proves that a message must not come again. */
async function receive(
  connection: Connection,
  queue: string,
  account: Account,
  messages: number,
  deadline: number,
): Promise<void> {
  const session = await connection.createSession('transacted')
  const consumer = await session.createConsumer(queue)
  let open: number[] = []
  let quiet = false
  while (!(account.received >= messages && quiet) && Date.now() < deadline) {
    const message = await consumer.receive(receiveTimeoutMs)
    quiet = message === null
    if (message) {
      const n = Number(message.properties.n)
      account.deliver(n)
      open.push(n)
    }
    if (open.length === 0 || (message && open.length < commitEvery)) continue
    try {
      await session.commit()
      account.commit(open)
    } catch {
      await session.rollback().catch(() => {})
    }
    open = []
  }
}

interface Takeover {
  readonly killed: string
  readonly tookOver: string
  readonly takeoverMs: number
}

async function killActive(plan: ProofPlan, kill: (member: string) => void): Promise<Takeover> {
  const roles = await Promise.all(plan.members.map(({ adminUrl }) => roleAt(adminUrl)))
  const active = plan.members[roles.findIndex((answer) => answer?.role === 'Active')]
  if (!active) throw new Error('no member says that it is active')
  const term = roles.find((answer) => answer?.role === 'Active')?.term ?? 0
  const killedAt = performance.now()
  kill(active.name)
  const deadline = killedAt + plan.timeoutMs
  while (performance.now() < deadline) {
    const answers = await Promise.all(plan.members.map(({ adminUrl }) => roleAt(adminUrl)))
    const index = answers.findIndex((answer) => answer?.role === 'Active' && (answer.term ?? 0) !== term)
    if (index >= 0)
      return {
        killed: active.name,
        tookOver: plan.members[index]!.name,
        takeoverMs: Math.round(performance.now() - killedAt),
      }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`nobody took over within ${plan.timeoutMs} ms after ${active.name} was killed`)
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`could not ${what} within ${timeoutMs / 1000} s`)), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

export function describeProof(result: ProofResult): string {
  const lines = []
  if (result.killed) {
    const who = result.tookOver === result.killed ? `${result.killed} came back` : `${result.tookOver} took over`
    lines.push(
      `  killed ${result.killed} (SIGKILL): ${who} after ${result.takeoverMs} ms; the sender waited ${result.longestSendMs} ms at most`,
    )
  }
  lines.push(
    `  ${result.sent} sent and acknowledged, ${result.received} received, ${result.lost.length} lost, ${result.duplicated} duplicated, ${result.outOfOrder} out of order`,
  )
  if (result.inDoubt > 0)
    lines.push(
      `  ${result.inDoubt} of them were being committed when the active died: it had stored that, but not answered`,
    )
  return lines.join('\n')
}

/** Why the proof failed, or undefined. */
export function whyProofFailed(result: ProofResult, messages: number): string | undefined {
  if (result.lost.length > 0)
    return `${result.lost.length} acknowledged messages were lost, the first is number ${result.lost[0]}`
  if (result.sent < messages) return `only ${result.sent} of ${messages} messages were accepted`
  if (result.duplicated > 0) return `${result.duplicated} messages were delivered again after their commit`
  if (result.outOfOrder > 0) return `${result.outOfOrder} messages came out of order`
  return undefined
}
