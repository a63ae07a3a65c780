import { expect, test } from '@jest/globals'
import { priorityHolders, priorityOfHolder, destinationOfHolder } from '../../../broker/store/priority-holder.ts'

test.each(['orders', 'A', 'orders.7', '7'])(
  'each priority of %s has a name of its own, which says whose it is',
  (queue) => {
    const holders = priorityHolders(queue)
    expect(new Set(holders.map(({ name }) => name)).size).toBe(10)
    expect(holders[4]!.name).toBe(queue)
    expect(holders[4]!.others).toEqual(holders.filter((_, priority) => priority !== 4))
    expect(holders.map(({ name }) => [destinationOfHolder(name), priorityOfHolder(name)])).toEqual(
      Array.from({ length: 10 }, (_, priority) => [queue, priority]),
    )
  },
)
