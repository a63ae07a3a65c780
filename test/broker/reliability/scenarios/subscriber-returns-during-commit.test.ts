// Found by the JMS model: a durable subscriber that comes back while a commit of its is not durable yet, which has taken as many
// messages as still wait, gets those that wait.
import { expect, test } from '@jest/globals'
import { persistent, started, subscribe } from '../../region/durable-harness.ts'

test.each([1, 2, 3, 4])('%s of 4 messages were taken', async (taken) => {
  const { harness, subscriber, publish, pending } = await started()
  const first = subscribe(subscriber)
  await publish(4)
  subscriber.connection.begin('TX:1')
  first.acknowledge('standard', 0, taken - 1, { transactionId: 'TX:1' })
  first.close(-1)
  const commit = subscriber.outcome((done) => subscriber.connection.commit('TX:1', done))
  expect(commit.state).toBe('pending')
  const second = subscribe(subscriber)
  await harness.settle()
  expect([commit.state, pending()]).toEqual(['done', 4 - taken])
  expect(second.received).toEqual([1, 2, 3, 4].slice(taken))
  expect(harness.errors).toEqual([])
  subscriber.send('topic://PRICES', persistent)
  await harness.settle()
  expect(second.received).toHaveLength(5 - taken)
})
