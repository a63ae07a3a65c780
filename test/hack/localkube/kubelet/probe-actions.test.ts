// What a failed probe says: the words of a real kubelet, which `kubectl describe pod` shows.
import { expect, test } from '@jest/globals'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { runAction } from '../../../../hack/localkube/kubelet/probe-actions.ts'

const host = '127.0.0.1'

/** Takes connections and never says anything. */
async function silentServer(): Promise<{ port: number; close(): Promise<unknown> }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const close = (): Promise<unknown> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  return { port: (server.address() as AddressInfo).port, close }
}

const target = (clock: ManualClock) => ({
  clock,
  address: (port: number) => ({ host, port }),
  portNumber: (port: number | string) => Number(port),
  process: () => ({ command: [], cwd: '', env: {} }),
})

test('nobody listens', async () => {
  const { port, close } = await silentServer()
  await close()
  const refused = `dial tcp ${host}:${port}: connect: connection refused`
  const ask = (action: Parameters<typeof runAction>[0]) => runAction(action, target(new ManualClock()), 1000)
  expect(await ask({ httpGet: { port, path: '/readyz' } })).toEqual({
    success: false,
    message: `Get "http://${host}:${port}/readyz": ${refused}`,
  })
  expect(await ask({ tcpSocket: { port } })).toEqual({ success: false, message: refused })
})

test('no answer comes in time', async () => {
  const clock = new ManualClock()
  const { port, close } = await silentServer()
  const answer = runAction({ httpGet: { port, path: '/livez' } }, target(clock), 1000)
  clock.advance(1000)
  const { message } = await answer
  await close()
  expect(message).toBe(
    `Get "http://${host}:${port}/livez": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  )
})
