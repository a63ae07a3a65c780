import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { queueHolder, subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import { nameAtPriority } from '../../../../broker/store/priority-holder.ts'
import {
  containerOf,
  holderOf,
  isMarkerContainer,
  markerOf,
  subscriptionKeyOf,
  subscriptionOf,
} from '../../../../broker/store/sql/containers.ts'

const always = () => true
const never = () => false

describe('a destination that goes by priority', () => {
  test('has the priority of each holder in its rows', () => {
    expect(containerOf(queueHolder('A'), always)).toEqual({ container: 'queue://A', priority: 4 })
    expect(containerOf(topicHolder(nameAtPriority('A', 9)), always)).toEqual({ container: 'topic://A', priority: 9 })
  })

  test('gets back what was written, for each holder and each subscription', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((text) => !/[,*>]/.test(text) && !text.includes('\u0000'))
    const level = fc.integer({ min: 0, max: 9 })
    fc.assert(
      fc.property(name, level, fc.constantFrom('queue' as const, 'topic' as const), (text, priority, kind) => {
        const holder = { kind, name: nameAtPriority(text, priority) }
        const container = containerOf(holder, always)
        expect(container.priority).toBe(priority)
        expect(holderOf(container, always)).toEqual(holder)
        const subscription = subscriptionHolder(holder.name, 'client', 'name')
        expect(subscriptionOf(subscriptionKeyOf(subscription, always), always)).toEqual(subscription)
      }),
    )
  })

  test('takes a priority that is none for the default one', () => {
    expect(holderOf({ container: 'queue://A', priority: 11 }, always)).toEqual(queueHolder('A'))
  })
})

describe('a destination that does not go by priority', () => {
  test('has priority 0 in its rows', () => {
    expect(containerOf(queueHolder('A'), never)).toEqual({ container: 'queue://A', priority: 0 })
    expect(subscriptionKeyOf(subscriptionHolder('A', 'c', 'n'), never)).toEqual({
      container: 'topic://A',
      priority: 0,
      clientId: 'c',
      name: 'n',
      subscribedDestination: 'topic://A',
    })
  })

  test('has all rows, whatever their priority', () => {
    for (let priority = 0; priority < 10; priority++)
      expect(holderOf({ container: 'topic://A', priority }, never)).toEqual(topicHolder('A'))
  })

  test('keeps the priority of what is left from when it did', () => {
    expect(containerOf(queueHolder(nameAtPriority('A', 7)), never)).toEqual({ container: 'queue://A', priority: 7 })
  })
})

test('the kind and the name of the destination decide', () => {
  const isPrioritized = (kind: string, name: string) => kind === 'queue' && name === 'A'
  expect(containerOf(queueHolder('A'), isPrioritized).priority).toBe(4)
  expect(containerOf(queueHolder('B'), isPrioritized).priority).toBe(0)
  expect(containerOf(topicHolder('A'), isPrioritized).priority).toBe(0)
})

test('what is neither queue nor topic has no holder', () => {
  expect(holderOf({ container: 'temp-queue://ID:x-1-1:1:1', priority: 0 }, never)).toBeUndefined()
  expect(holderOf({ container: 'A', priority: 0 }, never)).toBeUndefined()
})

describe('a subscription to several topics', () => {
  test.each([
    ['A.>', 'topic://A.>'],
    ['A.*.B', 'topic://A.*.B'],
    ['A,B.C', 'A,B.C'],
    ['topic://A,topic://B', 'topic://A,topic://B'],
  ])('to %s is known by a marker, which no priorities are for', (topic, subscribedDestination) => {
    const holder = subscriptionHolder(topic, 'c', 'n')
    const key = subscriptionKeyOf(holder, always)
    expect(key).toMatchObject({ container: `topic://${topic}`, priority: 0, subscribedDestination })
    expect(isMarkerContainer(key.container)).toBe(true)
    expect(subscriptionOf(key, always)).toEqual(holder)
    expect(markerOf(subscribedDestination)).toBe(key.container)
  })

  test('has it named in the rows of its topics', () => {
    const topic = subscriptionHolder(nameAtPriority('A.B', 7), 'c', 'n')
    expect(subscriptionKeyOf(topic, always, 'topic://A.>')).toMatchObject({
      container: 'topic://A.B',
      priority: 7,
      subscribedDestination: 'topic://A.>',
    })
    expect(subscriptionKeyOf(topic, always, 'topic://A.B,C').subscribedDestination).toBe('A.B,C')
  })
})

test('a subscription to one topic has no marker', () => {
  expect(markerOf('topic://A.B')).toBeUndefined()
  expect(isMarkerContainer('topic://A.B')).toBe(false)
})
