import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { frameRoomBytes, FrameSplitter, ownsItsMemory } from '../../../../broker/wire/openwire/frame-splitter.ts'
import { WireError } from '../../../../broker/wire/openwire/wire-error.ts'

const framed = (body: Uint8Array): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length, 0)
  return Buffer.concat([size, body])
}

test('frames come out whole, however the stream is cut', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }), (bodies, cuts) => {
      const stream = Buffer.concat(bodies.map(framed))
      const splitter = new FrameSplitter(40_000)
      const frames: Buffer[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const length = cuts[turn % cuts.length]!
        frames.push(...splitter.push(stream.subarray(at, at + length)))
        at += length
      }
      expect(frames).toEqual(bodies.map((body) => Buffer.from(body)))
      expect(splitter.bufferedBytes).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test('a stream that comes byte by byte works, too', () => {
  const splitter = new FrameSplitter(100)
  const frames = [...framed(Buffer.from('hello'))].flatMap((byte) => splitter.push(Buffer.from([byte])))
  expect(frames).toEqual([Buffer.from('hello')])
})

test.each([-1, 0, 101, 0x7fff_ffff])('a frame of %d bytes is refused before anything is kept of it', (size) => {
  const splitter = new FrameSplitter(100)
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(size, 0)
  expect(() => splitter.push(prefix)).toThrow(WireError)
  expect(splitter.bufferedBytes).toBe(0)
})

test('what is held of an unfinished frame is what has arrived, not what was announced', () => {
  const splitter = new FrameSplitter(0x7fff_ffff)
  splitter.push(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3]))
  expect(splitter.bufferedBytes).toBe(3)
})

test('the maximum can be changed after negotiation', () => {
  const splitter = new FrameSplitter(10)
  splitter.maxFrameSize = 20
  expect(splitter.push(framed(Buffer.alloc(20)))).toHaveLength(1)
  expect(() => splitter.push(framed(Buffer.alloc(21)))).toThrow(
    'Cannot read frame of 21 bytes: frames have 1 to 20 bytes',
  )
})

test('a frame that spans chunks has memory of its own; one within a chunk is a view', () => {
  const splitter = new FrameSplitter(1_000_000)
  const stream = Buffer.concat([framed(Buffer.alloc(100_000, 1)), framed(Buffer.alloc(10, 2))])
  const [spanning, within] = [0, 65_536].flatMap((at) => splitter.push(stream.subarray(at, at + 65_536)))
  expect(spanning).toEqual(Buffer.alloc(100_000, 1))
  expect([ownsItsMemory(spanning!), ownsItsMemory(within!)]).toEqual([true, false])
})

test('a frame that looks as if it had memory of its own is copied, because its chunk may be used again', () => {
  const splitter = new FrameSplitter(5000)
  splitter.push(framed(Buffer.alloc(5000)).subarray(0, 4))
  const memory = Buffer.alloc(5000 + 2 * frameRoomBytes, 7)
  const [frame] = splitter.push(memory.subarray(frameRoomBytes, frameRoomBytes + 5000))
  memory.fill(0xee)
  expect(frame).toEqual(Buffer.alloc(5000, 7))
})

test('before and behind a frame with memory of its own there is room', () => {
  const splitter = new FrameSplitter(100_000)
  const stream = framed(Buffer.alloc(100_000, 1))
  const [frame] = [0, 10, 30_000].flatMap((at, index) => splitter.push(stream.subarray(at, [10, 30_000][index])))
  expect(ownsItsMemory(frame!)).toBe(true)
  expect(frame!.byteOffset).toBe(frameRoomBytes)
  expect(frame!.buffer.byteLength).toBe(100_000 + 2 * frameRoomBytes)
})
