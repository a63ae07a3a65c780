// Asks a broker over HTTP, directly at the address of its pod. Short timeouts and a bounded answer: one question to a
// broker that hangs must not hold up the others.
import { Agent } from 'undici'
import { errorCode, errorMessage } from '../../broker/base/errors.ts'
import { adminPaths } from '../../broker/management/contract.ts'
import { type BrokerAdmin, BrokerAdminError, type BrokerAdminTarget, type MemberSnapshot } from './broker-admin.ts'
import { connectTimeoutMs, keepAliveMs, maxSnapshotBytes, totalTimeoutMs } from './limits.ts'
import { parseBrokerSnapshot } from './parse-snapshot.ts'
import { openRoleWatch } from './role-watch.ts'

export interface HttpBrokerAdmin extends BrokerAdmin {
  close(): Promise<void>
}

/** `totalTimeoutMs` is for tests. */
export function openBrokerAdmin(limits: { readonly totalTimeoutMs?: number } = {}): HttpBrokerAdmin {
  const timeoutMs = limits.totalTimeoutMs ?? totalTimeoutMs
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    allowH2: false,
    connections: 2,
    keepAliveTimeout: keepAliveMs,
    // Whatever the broker offers.
    keepAliveMaxTimeout: keepAliveMs,
  })
  return {
    snapshot: (target) => readSnapshot(agent, target, timeoutMs),
    drain: (target, request) => command(agent, target, { deed: 'drain', method: 'PUT', body: request }, timeoutMs),
    endDrain: (target) => command(agent, target, { deed: 'endDrain', method: 'DELETE' }, timeoutMs),
    watchRole: openRoleWatch,
    close: () => agent.destroy(),
  }
}

interface Question {
  readonly path: string
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly body?: object
  /** For messages. */
  readonly deed: 'read' | 'drain' | 'endDrain'
}

async function readSnapshot(agent: Agent, target: BrokerAdminTarget, timeoutMs: number): Promise<MemberSnapshot> {
  const text = await ask(agent, target, { path: adminPaths.snapshot, method: 'GET', deed: 'read' }, timeoutMs)
  const parsed = parseBrokerSnapshot(text)
  if (parsed.ok) return parsed.snapshot
  throw new BrokerAdminError('BROKER_ANSWER_INVALID', target, `${addressOf(target)}: ${parsed.problem}`)
}

/** What a broker says when it has done it tells nothing more. */
async function command(
  agent: Agent,
  target: BrokerAdminTarget,
  question: Omit<Question, 'path'>,
  timeoutMs: number,
): Promise<void> {
  await ask(agent, target, { path: adminPaths.drain, ...question }, timeoutMs)
}

async function ask(agent: Agent, target: BrokerAdminTarget, question: Question, timeoutMs: number): Promise<string> {
  const { statusCode, text } = await exchange(agent, target, question, timeoutMs)
  if (statusCode === 200) return text
  const said = text === '' ? '' : `: ${text.trim().slice(0, 200)}`
  throw new BrokerAdminError('BROKER_REFUSED', target, `${addressOf(target)} answered ${statusCode}${said}`, {
    deed: question.deed,
    status: statusCode,
  })
}

async function exchange(
  agent: Agent,
  target: BrokerAdminTarget,
  { path, method, body, deed }: Question,
  timeoutMs: number,
): Promise<{ statusCode: number; text: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await agent.request({
      origin: `http://${addressOf(target)}`,
      path,
      method,
      headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
      signal,
    })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += (chunk as Uint8Array).length
      if (bytes > maxSnapshotBytes) throw tooLarge(target, deed)
      chunks.push(chunk as Uint8Array)
    }
    return { statusCode: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (error instanceof BrokerAdminError) throw error
    const why = signal.aborted ? `within ${timeoutMs} ms` : explain(error)
    const problem = `no answer from ${addressOf(target)}: ${why}`
    throw new BrokerAdminError('BROKER_UNREACHABLE', target, problem, { deed, cause: error })
  }
}

const tooLarge = (target: BrokerAdminTarget, deed: Question['deed']): BrokerAdminError =>
  new BrokerAdminError(
    'BROKER_ANSWER_INVALID',
    target,
    `the answer of ${addressOf(target)} is larger than ${maxSnapshotBytes} bytes`,
    { deed },
  )

const addressOf = ({ podIP, adminPort }: BrokerAdminTarget): string =>
  `${podIP.includes(':') ? `[${podIP}]` : podIP}:${adminPort}`

function explain(error: unknown): string {
  const code = errorCode(error)
  const message = errorMessage(error)
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}
