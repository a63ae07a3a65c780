import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { queueHolder, subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import { nameAtPriority } from '../../../../broker/store/priority-holder.ts'
import {
  problemOfHolder,
  problemOfSelector,
  problemOfSubscription,
  storableName,
  storedProducerId,
} from '../../../../broker/store/sql/stored-texts.ts'

describe('the name of a destination', () => {
  test('is fine up to what a container takes, whatever characters it has', () => {
    expect(problemOfHolder(queueHolder('A'.repeat(242)))).toBeUndefined()
    expect(problemOfHolder(queueHolder('🚢'.repeat(242)))).toBeUndefined()
    expect(problemOfHolder(topicHolder(nameAtPriority('A'.repeat(242), 7)))).toBeUndefined()
  })

  test('is refused when it is longer', () => {
    expect(problemOfHolder(queueHolder('A'.repeat(243)))).toBe(
      `the name of queue "${'A'.repeat(80)}…" takes 251 characters in the database, the most is 250`,
    )
  })

  test('is refused when a database refuses it, or takes it for another one', () => {
    expect(problemOfHolder(queueHolder('A\ud800'))).toBe(
      'the name of queue "A\\ud800" is no Unicode: it contains half of a surrogate pair',
    )
    expect(problemOfHolder(topicHolder('A '))).toBe('the name of topic "A " ends with a space, which databases ignore')
  })
})

describe('a name that is made storable', () => {
  test('stays what it is where it is', () => {
    expect(storableName('DLQ.🚢')).toBe('DLQ.🚢')
    expect(storableName('A'.repeat(242))).toBe('A'.repeat(242))
  })

  test('of whatever characters is one that the store takes', () => {
    expect(storableName('A'.repeat(300))).toBe('A'.repeat(242))
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.constantFrom('\ud83d', '\ude00', '\u0000', ' ', '🚢'), fc.string()),
          maxLength: 400,
        }),
        (text) => {
          expect(problemOfHolder(queueHolder(storableName(`A${text}`)))).toBeUndefined()
        },
      ),
    )
  })
})

describe('a durable subscription', () => {
  test('is fine with all that people write', () => {
    expect(problemOfSubscription(subscriptionHolder('Prices.>', "l'été 🚢", 'a "name"'))).toBeUndefined()
  })

  test.each([
    ['client id', 'c\u0000', 'n', 'client id "c\\u0000" contains the character NUL, which databases refuse'],
    [
      'name',
      'c',
      'n'.repeat(251),
      `subscription name "${'n'.repeat(80)}…" takes 251 characters in the database, the most is 250`,
    ],
    [
      'size of all together',
      '🚢'.repeat(250),
      '🚢'.repeat(250),
      'topic, client id and subscription name take 2976 bytes in the database, the most is 2600',
    ],
  ])('is refused for its %s', (_, clientId, name, problem) => {
    const topic = problem.startsWith('topic') ? '🚢'.repeat(242) : 'A'
    expect(problemOfSubscription(subscriptionHolder(topic, clientId, name))).toBe(problem)
  })

  test('may have a selector as long as anybody writes', () => {
    expect(problemOfSelector('a'.repeat(30_000))).toBeUndefined()
    expect(problemOfSelector("a = '\u0000'")).toBe('the selector contains the character NUL, which databases refuse')
  })
})

describe('the id of a producer', () => {
  test('is stored as it is when it fits', () => {
    expect(storedProducerId('ID:host-1-1:1:2:3')).toBe('ID:host-1-1:1:2:3')
  })

  test('is shortened otherwise, and still its own', () => {
    const long = 'p'.repeat(5000)
    const ids = [long, `${long}q`, 'p\u0000', 'p\ud800', 'p ', 'p  ', '🚢'.repeat(300)].map(storedProducerId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids[2]).toMatch(/^p\?#[\w-]{43}$/)
  })

  test('is always one that every database takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (id) => {
        const stored = storedProducerId(id)
        expect(stored.length).toBeLessThanOrEqual(250)
        expect(stored.isWellFormed()).toBe(true)
        expect(stored.includes('\u0000') || stored.endsWith(' ')).toBe(false)
        expect(storedProducerId(stored)).toBe(stored)
      }),
    )
  })
})
