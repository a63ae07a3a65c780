import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ArrivalOrder, type Way } from '../../../../broker/destination/queue/arrival-order.ts'

const arrivalsOf = (sent: readonly Way[], arriving: readonly Way[]): number[] => {
  const order = new ArrivalOrder()
  const numbers: Record<Way, number[]> = { store: [], temp: [] }
  sent.forEach((way, number) => {
    order.expect(way)
    numbers[way].push(number)
  })
  const arrived: number[] = []
  for (const way of arriving) {
    const number = numbers[way].shift()!
    order.arrived(way, () => arrived.push(number))
  }
  return arrived
}

test('what comes by the faster way waits for what was sent before it', () => {
  expect(arrivalsOf(['store', 'temp', 'store'], ['temp'])).toEqual([])
  expect(arrivalsOf(['store', 'temp', 'store'], ['temp', 'store'])).toEqual([0, 1])
  expect(arrivalsOf(['store', 'temp', 'store'], ['store', 'store', 'temp'])).toEqual([0, 1, 2])
})

test('it is empty when all have arrived', () => {
  const order = new ArrivalOrder()
  order.expect('temp')
  expect(order.isEmpty).toBe(false)
  order.arrived('temp', () => {})
  expect(order.isEmpty).toBe(true)
})

test('whatever the two ways do, all arrive in the order in which they were sent', () => {
  const ways = fc.array(fc.constantFrom<Way>('store', 'temp'), { maxLength: 40 })
  fc.assert(
    fc.property(
      ways.chain((sent) => fc.tuple(fc.constant(sent), fc.shuffledSubarray(sent, { minLength: sent.length }))),
      ([sent, arriving]) => {
        expect(arrivalsOf(sent, arriving)).toEqual(sent.map((_, number) => number))
      },
    ),
  )
})
