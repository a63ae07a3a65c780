import { expect, test } from '@jest/globals'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import { Topic } from '../../../../broker/destination/topic/topic.ts'
import { TopicMessage } from '../../../../broker/destination/topic/topic-message.ts'
import { testMessage } from '../../../support/test-message.ts'

const subscriber = (state: { full?: boolean; congested?: boolean; waiting?: number } = {}) => {
  const offered: number[] = []
  const offer = (_topic: object | null, { sequence }: TopicMessage): void => void offered.push(sequence)
  return { full: false, congested: false, waiting: 0, ...state, offered, offer }
}
const destination = { kind: 'topic', name: 'T' } as const
const message = testMessage({ destination, producerSequenceId: 1 })

test('gives each message to those who are there', () => {
  const topic = new Topic(destination, null, new MemoryUsage(1024))
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

test('would hold a message if somebody has no room, but not for those who give way', () => {
  const topic = new Topic(destination, null, new MemoryUsage(1024))
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
