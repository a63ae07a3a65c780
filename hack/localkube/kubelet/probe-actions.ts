// Carries out probes and hooks: HTTP request, TCP connection, command. Each answers within its timeout and never throws.
import * as http from 'node:http'
import * as https from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/log.ts'
import { longestProbeOutput } from './limits.ts'
import type { ProbeResult, ProbeSpec } from './prober.ts'
import { startProcessGroup } from './process-group.ts'

/** What probes need to know of the container. */
export interface ProbeTarget {
  readonly clock: Clock
  /** Where a port of the pod is to be reached on this machine. */
  address(port: number): { host: string; port: number }
  /** The number of a named container port. */
  portNumber(port: number | string): number | undefined
  /** Command with paths and variables resolved, and the surroundings of the container. */
  process(command: readonly string[]): {
    command: readonly string[]
    cwd: string
    env: Readonly<Record<string, string>>
  }
}

export type Action = Pick<ProbeSpec, 'httpGet' | 'tcpSocket' | 'exec' | 'grpc'> & { sleep?: { seconds: number } }

export function runAction(action: Action, target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  if (action.httpGet) return httpGet(action.httpGet, target, timeoutMs)
  if (action.tcpSocket) return tcpSocket(action.tcpSocket, target, timeoutMs)
  if (action.exec) return exec(action.exec.command, target, timeoutMs)
  const given = Object.keys(action).join(', ')
  return Promise.resolve(failure(`${given}: the local stand-in has httpGet, tcpSocket and exec only`))
}

const failure = (message: string): ProbeResult => ({ success: false, message: message.slice(0, longestProbeOutput) })
const success: ProbeResult = { success: true, message: '' }

/** Settles with `start`'s answer, or as a failure after the timeout, when `abort` is called. */
function within(
  target: ProbeTarget,
  timeoutMs: number,
  late: string,
  start: (settle: (result: ProbeResult) => void) => () => void,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let abort = () => {}
    const timer = target.clock.after(timeoutMs, () => {
      resolve(failure(late))
      abort()
    })
    abort = start((result) => {
      timer.cancel()
      resolve(result)
    })
  })
}

function httpGet(get: NonNullable<ProbeSpec['httpGet']>, target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  const number = target.portNumber(get.port)
  if (number === undefined) return Promise.resolve(failure(`httpGet: the container has no port named "${get.port}"`))
  const { host, port } = get.host ? { host: get.host, port: number } : target.address(number)
  const secure = get.scheme === 'HTTPS'
  const url = `${secure ? 'https' : 'http'}://${host}:${number}${get.path ?? '/'}`
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/localkube', connection: 'close' }
  for (const { name, value } of get.httpHeaders ?? []) headers[name] = value
  return within(target, timeoutMs, `Get "${url}": ${late}`, (settle) => {
    const options = { host, port, path: get.path ?? '/', headers, agent: false, rejectUnauthorized: false }
    const request = (secure ? https : http).get(options, (response) => {
      response.resume()
      const code = response.statusCode ?? 0
      settle(code >= 200 && code < 400 ? success : failure(`HTTP probe failed with statuscode: ${code}`))
      response.destroy()
    })
    request.on('error', (error) => settle(failure(`Get "${url}": ${told(error, host, number)}`)))
    return () => request.destroy()
  })
}

const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'

/** In the words of Go. */
function told(error: NodeJS.ErrnoException, host: string, port: number): string {
  return `dial tcp ${host}:${port}: ${error.code === 'ECONNREFUSED' ? 'connect: connection refused' : messageOf(error)}`
}

function tcpSocket(
  spec: NonNullable<ProbeSpec['tcpSocket']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeResult> {
  const number = target.portNumber(spec.port)
  if (number === undefined) return Promise.resolve(failure(`tcpSocket: the container has no port named "${spec.port}"`))
  const { host, port } = spec.host ? { host: spec.host, port: number } : target.address(number)
  return within(target, timeoutMs, `dial tcp ${host}:${number}: i/o timeout`, (settle) => {
    const socket = connect({ host, port }, () => {
      settle(success)
      socket.destroy()
    })
    socket.on('error', (error) => settle(failure(told(error, host, number))))
    return () => socket.destroy()
  })
}

async function exec(command: readonly string[], target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  let output = ''
  try {
    const group = await startProcessGroup(target.process(command), (_, chunk) => {
      if (output.length < longestProbeOutput) output += chunk.toString('utf8')
    })
    const late = `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`
    return await within(target, timeoutMs, late, (settle) => {
      void group.ended.then(({ exitCode }) =>
        settle(exitCode === 0 ? success : failure(output || `exit code ${exitCode}`)),
      )
      return () => group.signal('SIGKILL')
    })
  } catch (error) {
    return failure(messageOf(error))
  }
}
