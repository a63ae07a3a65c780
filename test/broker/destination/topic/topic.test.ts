import { expect, test } from '@jest/globals'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import { RecoveryPolicies } from '../../../../broker/destination/topic/recovery/recovery-policies.ts'
import { Topic } from '../../../../broker/destination/topic/topic.ts'
import { TopicMessage } from '../../../../broker/destination/topic/topic-message.ts'
import { testMessage } from '../../../support/test-message.ts'
import { topicContext } from './topic-context.ts'

const subscriber = (state: { full?: boolean; congested?: boolean; retroactive?: boolean; waiting?: number } = {}) => {
  const offered: number[] = []
  const offer = (_topic: object | null, { sequence }: TopicMessage): void => void offered.push(sequence)
  return { full: false, congested: false, retroactive: false, waiting: 0, ...state, offered, offer }
}
const destination = { kind: 'topic', name: 'T' } as const
const message = testMessage({ destination, producerSequenceId: 1 })

test('gives each message to those who are there', () => {
  const topic = new Topic(destination, null, topicContext())
  const memory = new MemoryUsage(1024)
  const [a, b] = [subscriber(), subscriber()]
  topic.attach(a)
  topic.send(new TopicMessage(message, 1, memory))
  topic.attach(b)
  topic.send(new TopicMessage(message, 2, memory))
  topic.detach(a)
  topic.send(new TopicMessage(message, 3, memory))
  expect([a.offered, b.offered]).toEqual([
    [1, 2],
    [2, 3],
  ])
  expect([topic.counters.enqueued, topic.consumers]).toEqual([3, 1])
})

test('gives what it has kept to those who ask for it, once, before all else', () => {
  const context = topicContext()
  const topic = new Topic(destination, null, context)
  const [entry] = [{ kind: 'topic', pattern: 'T', alwaysRetroactive: false, recovery: { kind: 'lastImage' } } as const]
  topic.recovery = new RecoveryPolicies([entry], context.memory, context.clock).for(destination)
  const [plain, asking] = [subscriber(), subscriber({ retroactive: true })]
  for (const sequence of [1, 2]) topic.send(new TopicMessage(message, sequence, context.memory, topic))
  topic.attach(plain)
  topic.attach(asking)
  topic.attach(asking)
  topic.arriveStored(3, message)
  expect([plain.offered, asking.offered]).toEqual([[3], [2, 3]])
  expect([context.memory.used, topic.memoryUsed]).toEqual([message.size, message.size])
  topic.delete()
  expect([context.memory.used, topic.memoryUsed]).toEqual([0, 0])
})

test('would hold a message if somebody has no room, but not for those who give way', () => {
  const topic = new Topic(destination, null, topicContext())
  topic.attach(subscriber())
  topic.attach(subscriber({ full: true, congested: true, waiting: 3 }))
  expect(topic.wouldHold).toBe(false)
  topic.attach(subscriber({ waiting: 5 }))
  expect([topic.wouldHold, topic.size]).toEqual([true, 5])
})

test('a message that several keep counts once in memory', () => {
  const memory = new MemoryUsage(2 ** 20)
  const shared = new TopicMessage(message, 1, memory)
  shared.hold()
  shared.hold()
  expect(memory.used).toBe(message.size)
  shared.letGo()
  expect(memory.used).toBe(message.size)
  shared.letGo()
  expect(memory.used).toBe(0)
})
