// The rim for a request that is kept open at each broker: `GET /watch?roles`, or with bridges. A line comes at once and with
// each change; the end of the connection is the end of the process.
//
// On a bare socket: an operator keeps thousands of them, and an HTTP client needs four times the memory for each. The answer
// is not decoded further than where its head ends, because what is told is looked up anyway: a line is a hint.
import { connect } from 'node:net'
import { adminPaths, rolesAndBridgesQuery, rolesQuery } from '../../broker/management/contract.ts'
import type { BrokerAdminTarget, RoleListener, Told } from './broker-admin.ts'
import { maxWatchHeadBytes, watchAnswerMs, watchKeepAliveMs } from './limits.ts'

const success = /^HTTP\/1\.[01] 200 /
const headEnd = '\r\n\r\n'

/** Returns how to end it, after which the listener hears nothing. */
export function openRoleWatch(
  { podIP, adminPort }: BrokerAdminTarget,
  listener: RoleListener,
  told: Told = 'roles',
): () => void {
  const query = told === 'roles' ? rolesQuery : rolesAndBridgesQuery
  const host = podIP.includes(':') ? `[${podIP}]` : podIP
  let head: string | undefined = ''
  const socket = connect({ host: podIP, port: adminPort, keepAlive: true, keepAliveInitialDelay: watchKeepAliveMs })
  // HTTP/1.0: the lines come as they are, not in chunks.
  socket.write(`GET ${adminPaths.watch}?${query} HTTP/1.0\r\nHost: ${host}:${adminPort}\r\n\r\n`)
  socket.setTimeout(watchAnswerMs, () => socket.destroy())
  socket.on('data', (data) => {
    if (head === undefined) return listener.told()
    head += data.toString('latin1')
    const end = head.indexOf(headEnd)
    const isWrong = !success.test(head) && head.length > 'HTTP/1.1 200 '.length
    if (isWrong || (end === -1 && head.length > maxWatchHeadBytes)) return void socket.destroy()
    if (end === -1) return
    // From now on silence is what is expected.
    socket.setTimeout(0)
    const body = head.slice(end + headEnd.length)
    head = undefined
    if (body !== '') listener.told()
  })
  // Each error is followed by a close.
  socket.on('error', () => {})
  const close = (): void => listener.ended()
  socket.once('close', close)
  return () => {
    socket.off('close', close)
    socket.removeAllListeners('data')
    socket.destroy()
  }
}
