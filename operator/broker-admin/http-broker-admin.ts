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
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    allowH2: false,
    connections: 2,
    keepAliveTimeout: keepAliveMs,
    // Whatever the broker offers.
    keepAliveMaxTimeout: keepAliveMs,
  })
  return {
    snapshot: (target) => readSnapshot(agent, target, limits.totalTimeoutMs ?? totalTimeoutMs),
    watchRole: openRoleWatch,
    close: () => agent.destroy(),
  }
}

async function readSnapshot(agent: Agent, target: BrokerAdminTarget, timeoutMs: number): Promise<MemberSnapshot> {
  const { statusCode, text } = await ask(agent, target, timeoutMs)
  if (statusCode !== 200) {
    const said = text === '' ? '' : `: ${text.trim().slice(0, 200)}`
    throw new BrokerAdminError('BROKER_REFUSED', target, `${addressOf(target)} answered ${statusCode}${said}`)
  }
  const parsed = parseBrokerSnapshot(text)
  if (parsed.ok) return parsed.snapshot
  throw new BrokerAdminError('BROKER_ANSWER_INVALID', target, `${addressOf(target)}: ${parsed.problem}`)
}

async function ask(
  agent: Agent,
  target: BrokerAdminTarget,
  timeoutMs: number,
): Promise<{ statusCode: number; text: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await agent.request({
      origin: `http://${addressOf(target)}`,
      path: adminPaths.snapshot,
      method: 'GET',
      headers: { accept: 'application/json' },
      signal,
    })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += (chunk as Uint8Array).length
      if (bytes > maxSnapshotBytes) throw tooLarge(target)
      chunks.push(chunk as Uint8Array)
    }
    return { statusCode: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (error instanceof BrokerAdminError) throw error
    const why = signal.aborted ? `within ${timeoutMs} ms` : explain(error)
    throw new BrokerAdminError('BROKER_UNREACHABLE', target, `no answer from ${addressOf(target)}: ${why}`, error)
  }
}

const tooLarge = (target: BrokerAdminTarget): BrokerAdminError =>
  new BrokerAdminError(
    'BROKER_ANSWER_INVALID',
    target,
    `the answer of ${addressOf(target)} is larger than ${maxSnapshotBytes} bytes`,
  )

const addressOf = ({ podIP, adminPort }: BrokerAdminTarget): string =>
  `${podIP.includes(':') ? `[${podIP}]` : podIP}:${adminPort}`

function explain(error: unknown): string {
  const code = errorCode(error)
  const message = errorMessage(error)
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}
