import { expect, test } from '@jest/globals'
import { MemoryUsage } from '../../../broker/destination/memory-usage.ts'
import { Topic } from '../../../broker/destination/topic/topic.ts'
import { LocalTransaction } from '../../../broker/transaction/local-transaction.ts'
import { transactionLimits } from '../../../broker/transaction/limits.ts'
import { testMessage } from '../../support/test-message.ts'
import { topicContext } from '../destination/topic/topic-context.ts'

const topic = new Topic({ kind: 'topic', name: 'T' }, null, topicContext())

test('all open transactions of a connection share a limit, and give their part back when they end', () => {
  const ofConnection = { count: transactionLimits.maximumTransactedMessagesPerConnection - 2 }
  const memory = new MemoryUsage(2 ** 20)
  const [first, second] = [
    new LocalTransaction('1', memory, ofConnection),
    new LocalTransaction('2', memory, ofConnection),
  ]
  for (const transaction of [first, second]) {
    transaction.checkRoom(1)
    transaction.addVolatile(topic, testMessage({ destination: topic.destination, producerSequenceId: 1 }))
  }
  expect(() => second.checkRoom(1)).toThrow(/limit maximumTransactedMessagesPerConnection/)
  first.close()
  expect(() => second.checkRoom(1)).not.toThrow()
})
