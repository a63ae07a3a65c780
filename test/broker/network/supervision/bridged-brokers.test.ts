import { expect, test } from '@jest/globals'
import { BridgedBrokers } from '../../../../broker/network/supervision/bridged-brokers.ts'

const [one, two] = [{ uri: 'one' }, { uri: 'two' }]

test('a broker belongs to whoever came first, until he lets go', () => {
  const bridged = new BridgedBrokers()
  expect(bridged.claim('B', one)).toBeNull()
  expect(bridged.claim('B', one)).toBeNull()
  expect(bridged.claim('B', two)).toBe(one)
  expect(bridged.claim('C', two)).toBeNull()
  bridged.release(one)
  expect(bridged.claim('B', two)).toBeNull()
})

test('whoever waits is told once, of the broker that he waits for', () => {
  const bridged = new BridgedBrokers()
  const told: string[] = []
  bridged.claim('B', one)
  bridged.await('B', two, () => told.push('two'))
  bridged.release(two)
  bridged.release(one)
  bridged.release(one)
  expect(told).toEqual(['two'])
  bridged.claim('B', one)
  bridged.await('B', two, () => told.push('again'))
  bridged.forget(two)
  bridged.release(one)
  expect(told).toEqual(['two'])
})
