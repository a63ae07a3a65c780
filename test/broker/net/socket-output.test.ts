import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { coalescedWriteBytes, endTimeoutMs } from '../../../broker/net/limits.ts'
import { SocketOutput } from '../../../broker/net/socket-output.ts'
import { WriteTurn } from '../../../broker/net/write-turn.ts'

let server: Server

afterEach(() => void server.close())

async function connected(): Promise<{ client: Socket; socket: Socket; output: SocketOutput; clock: ManualClock }> {
  server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await accepted) as [Socket]
  // A reset is an ordinary end.
  for (const side of [client, socket]) side.on('error', () => {})
  const clock = new ManualClock()
  return { client, socket, output: new SocketOutput(socket, new WriteTurn(), clock), clock }
}

async function received(client: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  while (bytes < length) {
    const [chunk] = (await once(client, 'data')) as [Buffer]
    chunks.push(chunk)
    bytes += chunk.length
  }
  return Buffer.concat(chunks)
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is written in one turn goes out together, after it', async () => {
  const { client, socket, output } = await connected()
  for (const text of ['one', 'two', 'three']) output.write(Buffer.from(text))
  expect([socket.bytesWritten, output.bufferedBytes, output.sentBytes]).toEqual([0, 11, 0])
  expect((await received(client, 11)).toString()).toBe('onetwothree')
  await turn()
  expect([output.bufferedBytes, output.sentBytes]).toEqual([0, 11])
  client.destroy()
})

test('more than is worth a copy goes out as it is, in order', async () => {
  const { client, output } = await connected()
  const parts = Array.from({ length: 5 }, (_, index) => Buffer.alloc(coalescedWriteBytes / 2, index))
  for (const part of parts) output.write(part)
  const all = Buffer.concat(parts)
  expect((await received(client, all.length)).equals(all)).toBe(true)
  client.destroy()
})

test('what the peer does not take is counted as waiting', async () => {
  const { client, output } = await connected()
  client.pause()
  const much = 32 * 2 ** 20
  output.write(Buffer.alloc(much))
  await turn()
  expect(output.bufferedBytes).toBe(much - output.sentBytes)
  expect(output.bufferedBytes).toBeGreaterThan(0)
  client.destroy()
})

test('an end sends what is queued first', async () => {
  const { client, output, socket, clock } = await connected()
  const closed = once(socket, 'close')
  output.write(Buffer.from('last'))
  output.end()
  expect((await received(client, 4)).toString()).toBe('last')
  client.end()
  await closed
  expect(clock.pendingTimers).toBe(0)
})

test('a peer that does not close its side is cut after a while', async () => {
  const { client, output, socket, clock } = await connected()
  client.allowHalfOpen = true
  client.resume()
  const ended = once(client, 'end')
  const closed = once(socket, 'close')
  output.end()
  await ended
  expect(socket.destroyed).toBe(false)
  clock.advance(endTimeoutMs)
  await closed
  client.destroy()
})

test('a socket that has gone takes nothing, without an error', async () => {
  const { client, output, socket } = await connected()
  output.write(Buffer.from('lost'))
  output.destroy()
  await turn()
  expect(socket.bytesWritten).toBe(0)
  client.destroy()
})
