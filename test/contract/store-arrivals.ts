// What the next active hears of messages that came over bridges of other brokers. Part of the contract of message-store.ts; stores that
// forget tell nothing.
import { describe, expect, test } from '@jest/globals'
import { queueHolder, subscriptionHolder, topicHolder, type AddedMessage } from '../../broker/store/held-message.ts'
import type { MessageStore, RecoveredState } from '../../broker/store/message-store.ts'
import { contentOf, durable, message } from '../support/store-content.ts'
import type { MessageStoreFactory } from './message-store.ts'

const orders = queueHolder('orders')
const producer = 'ID:elsewhere-1:1:1:1'

const arrival = (number: number, more: Partial<AddedMessage> = {}): AddedMessage => ({
  ...message(`m${number}`, { producerId: '', producerSequenceId: number }),
  arrival: producer,
  ...more,
})

const numbersOf = ({ arrivals }: RecoveredState): number[] => arrivals.map((one) => one.producerSequenceId)

export function storeArrivalsContract(name: string, factory: () => Promise<MessageStoreFactory>): void {
  /** Does something with a store; returns what those tell that are opened after it, one after the other. */
  async function afterwards(
    fill: (store: MessageStore) => void | Promise<void>,
  ): Promise<RecoveredState[] | undefined> {
    const { open, reopen } = await factory()
    const first = await open()
    await fill(first.store)
    await durable(first.store)
    if (!reopen) {
      await first.store.close()
      return undefined
    }
    const second = await reopen(first.store)
    second.store.addHolder(queueHolder('something'))
    const third = await reopen(second.store)
    await third.store.close()
    return [second.recovered, third.recovered]
  }

  describe(`${name} and what came over bridges`, () => {
    test('tells of those that are there, and were consumed', async () => {
      const all = await afterwards((store) => {
        for (let number = 1; number <= 4; number++) store.add(arrival(number), number)
        store.add(message('of a client'), 5)
        store.remove(orders, 1)
        store.remove(orders, 3, false)
      })
      for (const recovered of all ?? []) {
        expect(recovered.arrivals[1]).toEqual({
          holder: orders,
          sequence: 2,
          producerId: producer,
          producerSequenceId: 2,
        })
        expect(numbersOf(recovered)).toEqual([1, 2, 3, 4])
      }
    })

    test('not of one that has left over a bridge, whatever came in between', async () => {
      const all = await afterwards(async (store) => {
        for (let number = 1; number <= 3; number++) store.add(arrival(number), number)
        await durable(store)
        store.remove(orders, 2, true, true)
        store.add(message('of a client'), 4)
        store.remove(orders, 4, true, true)
        store.add(arrival(2), 5)
        store.add(arrival(4), 6)
        store.remove(orders, 6, false, true)
        store.remove(orders, 1, false)
      })
      for (const recovered of all ?? []) expect(numbersOf(recovered)).toEqual([1, 3, 2])
    })

    test('tells of one that was consumed before it was written; not of one that had left by then', async () => {
      const all = await afterwards(async (store) => {
        let settled = 0
        for (const number of [1, 2]) {
          store.addDispatched(arrival(number), number, () => settled++)
          store.remove(orders, number, false, number === 2)
        }
        store.addDispatched(arrival(3), 3, () => settled++)
        await durable(store)
        expect([settled, await contentOf(store)]).toEqual([3, ['3:m3']])
      })
      for (const recovered of all ?? []) {
        expect(numbersOf(recovered)).toEqual([1, 3])
        expect(recovered.lastSequence).toBe(3)
      }
    })

    test('tells of those that a transaction has added when it was committed', async () => {
      const all = await afterwards((store) => {
        const [committed, other] = [store.begin(), store.begin()]
        committed.add(arrival(1))
        other.add(arrival(2))
        committed.add(message('no arrival'))
        committed.add(arrival(1, { holder: queueHolder('invoices') }))
        committed.commit(1)
        other.rollback()
      })
      for (const recovered of all ?? []) {
        const told = recovered.arrivals.map(({ holder, sequence }) => [holder.name, sequence])
        expect(told).toEqual([
          ['orders', 1],
          ['invoices', 3],
        ])
      }
    })

    test('tells of those that a topic has for its subscriptions', async () => {
      const [subscription, prices] = [subscriptionHolder('prices', 'c', 's'), topicHolder('prices')]
      const all = await afterwards((store) => {
        store.add(arrival(1, { holder: prices }), 1)
        store.addSubscription(subscription, { selector: null, noLocal: false })
        store.add(arrival(2, { holder: prices }), 2)
        store.remove(subscription, 2)
        store.add(arrival(3, { holder: prices }), 3)
      })
      for (const { arrivals } of all ?? []) expect(arrivals.map(({ holder }) => holder)).toEqual([prices, prices])
    })

    test('forgets none over many others, and none that came with a long id', async () => {
      const long = `ID:${'x'.repeat(4000)}`
      const all = await afterwards(async (store) => {
        store.add(arrival(1), 1)
        store.add(arrival(2, { arrival: long }), 2)
        for (let sequence = 3; sequence <= 200; sequence++) {
          store.add(
            sequence % 2 ? message('client') : arrival(sequence, { arrival: `${producer}${sequence % 3}` }),
            sequence,
          )
          store.remove(orders, sequence - 1)
          await durable(store)
        }
      })
      for (const { arrivals } of all ?? []) {
        expect(arrivals).toHaveLength(101)
        expect(arrivals[1]).toMatchObject({ producerId: long, producerSequenceId: 2 })
        expect(arrivals.map(({ sequence }) => sequence)).toEqual([1, 2, ...even(4, 200)])
      }
    })

    test('and a queue that is gone has none', async () => {
      const all = await afterwards((store) => {
        store.add(arrival(1), 1)
        store.removeHolder(orders)
        store.add(arrival(2), 2)
      })
      for (const recovered of all ?? []) expect(numbersOf(recovered)).toEqual([2])
    })
  })
}

function even(from: number, to: number): number[] {
  const numbers: number[] = []
  for (let number = from; number <= to; number += 2) numbers.push(number)
  return numbers
}
