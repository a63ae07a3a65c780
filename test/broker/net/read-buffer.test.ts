import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { readIntoSharedBuffer } from '../../../broker/net/read-buffer.ts'

let server: Server

afterEach(() => void server.close())

/** A client, the broker's side of it, and what that received. */
async function connected(): Promise<{ client: Socket; socket: Socket; chunks: Buffer[]; copies: Buffer[] }> {
  const chunks: Buffer[] = []
  const copies: Buffer[] = []
  server = createServer({ pauseOnConnect: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [raw] = (await accepted) as [Socket]
  const socket = readIntoSharedBuffer(raw, (bytes) => {
    chunks.push(bytes)
    copies.push(Buffer.from(bytes))
    socket.emit('received')
  })
  return { client, socket, chunks, copies }
}

test('all that a socket gets comes in order, in memory that is used again', async () => {
  const { client, socket, chunks, copies } = await connected()
  const sent = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, index) => index * 7 + (index >> 8)))
  client.end(sent)
  await once(socket, 'end')
  expect(Buffer.concat(copies).equals(sent)).toBe(true)
  expect(new Set(chunks.map((chunk) => chunk.buffer)).size).toBe(1)
})

test('it answers, and knows its peer', async () => {
  const { client, socket } = await connected()
  expect(socket.remotePort).toBe(client.localPort)
  socket.write('answer')
  const [bytes] = (await once(client, 'data')) as [Buffer]
  expect(bytes.toString()).toBe('answer')
  expect(socket.bytesWritten).toBe(6)
  client.destroy()
})

test('while it is paused nothing is read', async () => {
  const { client, socket, copies } = await connected()
  client.write('one')
  await once(socket, 'received')
  socket.pause()
  client.write('two')
  // A whole turn of the event loop, in which bytes that are there would be read.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(Buffer.concat(copies).toString()).toBe('one')
  socket.resume()
  await once(socket, 'received')
  expect(Buffer.concat(copies).toString()).toBe('onetwo')
  client.destroy()
})

test('its end and its reset are told, and then the server has no connection left', async () => {
  const first = await connected()
  first.client.end()
  await once(first.socket, 'end')
  first.socket.end()
  await once(first.socket, 'close')
  await new Promise((resolve) => server.close(resolve))

  const second = await connected()
  const closed = new Promise((resolve) => second.socket.once('close', resolve))
  const failed = new Promise((resolve) => second.socket.once('error', resolve))
  second.client.resetAndDestroy()
  expect(await failed).toMatchObject({ code: 'ECONNRESET' })
  await closed
  await new Promise((resolve) => server.close(resolve))
  expect(server.listening).toBe(false)
})
