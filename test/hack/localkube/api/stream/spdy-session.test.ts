// SPDY/3.1 as the accepting side speaks it, against frames made by hand.
import { expect, test } from '@jest/globals'
import { once } from 'node:events'
import { constants, deflateRawSync, deflateSync, inflateSync } from 'node:zlib'
import { headerDictionary } from '../../../../../hack/localkube/api/stream/spdy-dictionary.ts'
import { EmptyHeadersWriter, encodeControl, encodeData } from '../../../../../hack/localkube/api/stream/spdy-frames.ts'
import { SpdySession, type SpdyStream } from '../../../../../hack/localkube/api/stream/spdy-session.ts'

/** A client that opens streams, and what the session does to its connection. */
class Client {
  readonly sent: Buffer[] = []
  readonly told: string[] = []
  readonly session: SpdySession
  #opened = Promise.withResolvers<SpdyStream>()

  constructor() {
    this.session = new SpdySession(
      {
        send: (bytes, done) => {
          this.sent.push(bytes)
          done()
        },
        pause: () => this.told.push('pause'),
        resume: () => this.told.push('resume'),
        fail: (error) => this.told.push(error.message),
      },
      (stream) => this.#opened.resolve(stream),
    )
  }

  async open(id: number, headers: Record<string, string>): Promise<SpdyStream> {
    const texts = Object.entries(headers).flat()
    const numbers = [texts.length / 2, ...texts.map((text) => text.length)].map((number) =>
      encodeData(number, Buffer.alloc(0), false).subarray(0, 4),
    )
    const block = Buffer.concat([numbers[0]!, ...texts.flatMap((text, at) => [numbers[at + 1]!, Buffer.from(text)])])
    // All blocks are one stream: only the first one has a head.
    const finishFlush = constants.Z_SYNC_FLUSH
    const compressed =
      this.sent.length === 0
        ? deflateSync(block, { dictionary: headerDictionary, finishFlush })
        : deflateRawSync(block, { finishFlush })
    this.#opened = Promise.withResolvers()
    this.session.receive(encodeControl(1, id, 0, Buffer.alloc(2), compressed))
    return this.#opened.promise
  }
}

test('the dictionary is the one of the draft', () => {
  // zlib itself compares the dictionary's checksum with the one that the block names.
  expect(headerDictionary).toHaveLength(1423)
  expect(
    inflateSync(new EmptyHeadersWriter().next(), { dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH }),
  ).toEqual(Buffer.alloc(4))
})

test('streams have their headers, their bytes and their end, however the bytes are cut', async () => {
  const client = new Client()
  const first = await client.open(1, { streamtype: 'error', port: '80' })
  const second = await client.open(3, { streamtype: 'data', port: '80', requestid: '7' })
  expect(Object.fromEntries(first.headers)).toEqual({ streamtype: 'error', port: '80' })
  expect(second.headers.get('requestid')).toBe('7')
  const bytes = Buffer.concat([encodeData(3, Buffer.from('hel'), false), encodeData(3, Buffer.from('lo'), true)])
  let text = ''
  second.on('data', (chunk) => (text += String(chunk)))
  for (const byte of bytes) client.session.receive(Buffer.of(byte))
  await once(second, 'end')
  expect(text).toBe('hello')
  client.sent.length = 0
  second.end('bye')
  await once(second, 'close')
  expect(Buffer.concat(client.sent)).toEqual(
    Buffer.concat([encodeData(3, Buffer.from('bye'), false), encodeData(3, Buffer.alloc(0), true)]),
  )
})

test('a ping is answered; a reset ends the stream without one in return', async () => {
  const client = new Client()
  const stream = await client.open(1, {})
  client.session.receive(encodeControl(6, 5))
  client.session.receive(encodeControl(3, 1, 5))
  await once(stream, 'close')
  expect(client.sent.slice(1)).toEqual([encodeControl(6, 5)])
})

test('a stream that nobody reads stops the connection until somebody does', async () => {
  const client = new Client()
  const stream = await client.open(1, {})
  client.session.receive(encodeData(1, Buffer.alloc(200_000), false))
  client.session.receive(encodeControl(6, 1))
  await client.open(3, {})
  expect(client.told).toEqual(['pause'])
  stream.resume()
  await once(stream, 'data')
  client.session.receive(encodeData(1, Buffer.alloc(0), true))
  await once(stream, 'end')
  expect(client.told).toEqual(['pause', 'resume'])
})

test('what is no SPDY fails the connection and closes its streams', async () => {
  const client = new Client()
  const stream = await client.open(1, {})
  client.session.receive(Buffer.from('ff00000000000000', 'hex'))
  await once(stream, 'close')
  expect(client.told).toEqual(['Cannot read frame: it is not of SPDY/3'])
})
