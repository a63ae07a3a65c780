import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { PrefetchWindow } from '../../../../broker/destination/subscription/prefetch-window.ts'

test('closes at its size; what the client has delivered widens it, what it acknowledged narrows it again', () => {
  const window = new PrefetchWindow(10)
  expect(window.limit).toBe(10)
  window.expand(4)
  expect(window.limit).toBe(14)
  window.expand(-3)
  window.contract(1)
  expect(window.limit).toBe(13)
  window.contract(100)
  expect(window.limit).toBe(10)
})

test('keeps its extension when it is resized, but not to 0: then nothing can widen it', () => {
  const window = new PrefetchWindow(2)
  window.expand(5)
  window.resize(3)
  expect(window.limit).toBe(8)
  window.resize(0)
  window.expand(5)
  window.resize(3)
  expect(window.limit).toBe(3)
})

test('is no wider than the broker allows, and never less than nothing', () => {
  const window = new PrefetchWindow(2 ** 40)
  window.expand(2 ** 50)
  expect(window.limit).toBe(destinationLimits.maximumInFlightPerConsumer)
  expect(new PrefetchWindow(-1).size).toBe(0)
})
