import { describe, expect, test } from '@jest/globals'
import { defaultDispatchPolicy, type DispatchPolicy } from '../../../../broker/destination/queue/dispatch-policy.ts'
import { QueueDispatch } from '../../../../broker/destination/queue/queue-dispatch.ts'
import { TestQueueConsumer } from './queue-harness.ts'

const consumer = (options: { priority?: number; exclusive?: boolean; room?: number; selective?: boolean } = {}) =>
  new TestQueueConsumer(options.room ?? 10, () => {}, options.selective ? () => true : undefined, options)

const noBridges = (): never => {
  throw new Error('there is no bridge')
}

const joined = (...consumers: TestQueueConsumer[]) => {
  const dispatch = new QueueDispatch(defaultDispatchPolicy, noBridges)
  for (const one of consumers) dispatch.add(one)
  return dispatch
}

const chosen = (dispatch: QueueDispatch, consumers: TestQueueConsumer[], count: number): number[] =>
  Array.from({ length: count }, () => consumers.indexOf(dispatch.choose() as TestQueueConsumer))

test('equal priorities in turn, higher ones first, full ones skipped', () => {
  const consumers = [consumer(), consumer(), consumer({ priority: 1 }), consumer({ room: 0 })]
  const dispatch = joined(...consumers)
  expect(chosen(dispatch, consumers, 2)).toEqual([2, 2])
  consumers[2]!.room = 0
  expect(chosen(dispatch, consumers, 4)).toEqual([0, 1, 0, 1])
  consumers[0]!.room = consumers[1]!.room = 0
  expect([dispatch.hasRoom, dispatch.choose()]).toEqual([false, null])
})

test('the turn stays where it is when somebody leaves', () => {
  const consumers = [consumer(), consumer(), consumer()]
  const dispatch = joined(...consumers)
  expect(chosen(dispatch, consumers, 2)).toEqual([0, 1])
  dispatch.remove(consumers[0]!)
  expect(chosen(dispatch, consumers, 3)).toEqual([2, 1, 2])
})

describe('an exclusive consumer', () => {
  test('gets all, also when it is full: then nobody gets any', () => {
    const consumers = [consumer(), consumer({ exclusive: true }), consumer({ exclusive: true })]
    const dispatch = joined(...consumers)
    expect(chosen(dispatch, consumers, 2)).toEqual([1, 1])
    consumers[1]!.room = 0
    expect([dispatch.hasRoom, dispatch.choose()]).toEqual([false, null])
    expect(consumers.map((one) => dispatch.isOpen(one))).toEqual([false, false, false])
    dispatch.remove(consumers[1]!)
    expect(chosen(dispatch, consumers, 1)).toEqual([2])
  })

  test('gives way to one of a higher priority, and always to one of 127', () => {
    const consumers = [consumer({ exclusive: true, priority: 127 }), consumer({ exclusive: true, priority: 127 })]
    const dispatch = joined(...consumers, consumer({ exclusive: true }))
    expect(chosen(dispatch, consumers, 1)).toEqual([1])
  })
})

test('positions are kept while somebody does not want every message', () => {
  const [all, some] = [consumer(), consumer({ selective: true })]
  const dispatch = joined(all)
  expect(dispatch.selective).toBe(false)
  dispatch.add(some)
  expect(dispatch.selective).toBe(true)
  for (const position of dispatch.members.values()) position.memory = 5
  dispatch.positions.cameIn(3)
  expect([...dispatch.members.values()]).toEqual([
    { memory: 2, store: 0 },
    { memory: 2, store: 0 },
  ])
  dispatch.remove(some)
  dispatch.positions.cameIn(1)
  expect([dispatch.selective, dispatch.members.get(all)]).toEqual([false, { memory: 2, store: 0 }])
})

describe('policies', () => {
  const given = (policy: Partial<DispatchPolicy>, ...consumers: TestQueueConsumer[]) => {
    const dispatch = new QueueDispatch({ ...defaultDispatchPolicy, ...policy }, noBridges)
    for (const one of consumers) dispatch.add(one)
    return dispatch
  }

  test('strictOrderDispatch: the first that has room, always', () => {
    const consumers = [consumer(), consumer()]
    const dispatch = given({ strictOrderDispatch: true }, ...consumers)
    expect(chosen(dispatch, consumers, 3)).toEqual([0, 0, 0])
    consumers[0]!.room = 0
    expect(chosen(dispatch, consumers, 2)).toEqual([1, 1])
  })

  test('useConsumerPriority false: all in turn', () => {
    const consumers = [consumer({ priority: 5 }), consumer(), consumer({ priority: -1 })]
    const dispatch = given({ useConsumerPriority: false }, ...consumers)
    expect(chosen(dispatch, consumers, 4)).toEqual([0, 1, 2, 0])
    dispatch.remove(consumers[0]!)
    expect(chosen(dispatch, consumers, 2)).toEqual([1, 2])
  })

  test('allConsumersExclusiveByDefault: the first, then that of the highest priority', () => {
    const consumers = [consumer(), consumer(), consumer({ priority: 1, exclusive: true }), consumer()]
    const dispatch = given({ allConsumersExclusiveByDefault: true }, consumers[0]!, consumers[1]!)
    expect(chosen(dispatch, consumers, 2)).toEqual([0, 0])
    dispatch.add(consumers[2]!)
    dispatch.add(consumers[3]!)
    expect(chosen(dispatch, consumers, 2)).toEqual([2, 2])
    dispatch.remove(consumers[2]!)
    expect(chosen(dispatch, consumers, 1)).toEqual([0])
  })
})
