import { expect, test } from '@jest/globals'
import { ReadingPauses } from '../../../broker/session/reading-pauses.ts'
import { FakeSocket } from '../../support/fake-socket.ts'

test('the socket is read again when the last reason has gone', () => {
  const socket = new FakeSocket()
  const told: boolean[] = []
  const pauses = new ReadingPauses(socket, (paused) => void told.push(paused))
  pauses.pause('region')
  pauses.pause('output')
  pauses.pause('region')
  expect([pauses.paused, pauses.times]).toEqual([true, 1])
  pauses.resume('region')
  pauses.resume('turn')
  expect(socket.flow).toEqual(['pause'])
  pauses.resume('output')
  expect(socket.flow).toEqual(['pause', 'resume'])
  expect(told).toEqual([true, false])
  pauses.pause('turn')
  expect([pauses.paused, pauses.times]).toEqual([true, 2])
})

test('a reason that was not given is not taken back', () => {
  const socket = new FakeSocket()
  new ReadingPauses(socket).resume('output')
  expect(socket.flow).toEqual([])
})

test('a socket whose session is over is not read again', () => {
  const socket = new FakeSocket()
  const pauses = new ReadingPauses(socket)
  pauses.pause('region')
  pauses.close()
  pauses.resume('region')
  expect(socket.flow).toEqual(['pause'])
})
