// The first host that takes a writer: hosts in order, each with the forms of TLS that may be tried, and with limits to how long that takes.
import type { Clock } from '../base/clock.ts'
import { hostText, type DatabaseHost } from './jdbc-url.ts'
import type { DriverConnection } from './queued-session.ts'
import { SqlError, type SqlErrorKind } from './sql-error.ts'
import type { TlsAttempt } from './tls-attempt.ts'

export interface ConnectPlan<Connection extends DriverConnection> {
  readonly hosts: readonly DatabaseHost[]
  readonly tls: readonly TlsAttempt[]
  /** For one host. */
  readonly hostTimeoutMs: number
  /** For all of them. */
  readonly totalTimeoutMs: number | undefined
  /**
   * Rejects with SqlError, also when the host cannot be written to. Calls `onMade` with what is to be destroyed when that takes
   * too long.
   */
  open(host: DatabaseHost, tls: TlsAttempt, onMade: (connection: Connection) => void): Promise<Connection>
  /** Of an error of `open`: whether the other form of TLS may be what the server wants. */
  wantsOtherTls(error: SqlError): boolean
}

/** What somebody has to do something about comes first: it would be hidden by a host that is only gone. */
const byWeight: readonly SqlErrorKind[] = ['Denied', 'Invalid', 'ReadOnly', 'Unreachable']

/** Rejects with one SqlError that says of each host why not; its kind is the one of these that weighs most. */
export async function connectToHosts<Connection extends DriverConnection>(
  plan: ConnectPlan<Connection>,
  clock: Clock,
): Promise<Connection> {
  const { hosts, hostTimeoutMs, totalTimeoutMs = Infinity } = plan
  const begunMs = clock.monotonicMs()
  const reasons: string[] = []
  let worst: SqlError | undefined
  for (const host of hosts) {
    const leftMs = Math.min(hostTimeoutMs, totalTimeoutMs - (clock.monotonicMs() - begunMs))
    if (leftMs <= 0) break
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await connectToHost(plan, host, leftMs, clock)
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      reasons.push(`${hostText(host)}: ${error.message}`)
      if (!worst || weight(error) < weight(worst)) worst = error
    }
  }
  throw new SqlError(worst?.kind ?? 'Unreachable', `Cannot connect to the database at ${reasons.join('; ')}`, {
    sqlState: worst?.sqlState,
    vendorCode: worst?.vendorCode,
    cause: worst?.cause ?? worst,
  })
}

const weight = ({ kind }: SqlError): number => {
  const at = byWeight.indexOf(kind)
  return at === -1 ? byWeight.length : at
}

async function connectToHost<Connection extends DriverConnection>(
  plan: ConnectPlan<Connection>,
  host: DatabaseHost,
  timeoutMs: number,
  clock: Clock,
): Promise<Connection> {
  const [first, ...others] = plan.tls
  try {
    return await openWithin(timeoutMs, clock, (onMade) => plan.open(host, first!, onMade))
  } catch (error) {
    const [other] = others
    if (other === undefined || !(error instanceof SqlError) || !plan.wantsOtherTls(error)) throw error
    return openWithin(timeoutMs, clock, (onMade) => plan.open(host, other, onMade))
  }
}

async function openWithin<Connection extends DriverConnection>(
  timeoutMs: number,
  clock: Clock,
  open: (onMade: (connection: Connection) => void) => Promise<Connection>,
): Promise<Connection> {
  let made: Connection | undefined
  const late = Promise.withResolvers<never>()
  const timer = clock.after(timeoutMs, () =>
    late.reject(new SqlError('Unreachable', `no session after ${Math.round(timeoutMs)} ms`)),
  )
  const opening = open((connection) => {
    made = connection
  })
  try {
    return await Promise.race([opening, late.promise])
  } catch (error) {
    made?.destroy()
    // Of one that came too late, nobody hears any more.
    opening.catch(() => {})
    throw error
  } finally {
    timer.cancel()
  }
}
