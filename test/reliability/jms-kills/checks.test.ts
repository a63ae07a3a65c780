// The checks of the run with SIGKILLs: each kind of fault is found in a history that has it, and what a kill permits is none.
import { describe, expect, test } from '@jest/globals'
import { checkDurable } from './durable-check.ts'
import { checkExpiry, droppedQueue, keptPrefix, keptQueue } from './expiry-check.ts'
import { checkGroups } from './groups-check.ts'
import { describeFault, type Fault } from './history.ts'
import { checkPriorities } from './priorities-check.ts'
import { checkSelectorQueue } from './selector-queue-check.ts'
import { Told } from './told.ts'
import { checkTransfers } from './transfers-check.ts'

const told = (): Told => new Told()
const rules = (faults: readonly Fault[]): string[] => faults.map(({ rule }) => rule)

describe('any queue', () => {
  const found = (story: Told): string[] => rules(checkTransfers(story.events))

  test('what is sent, delivered and confirmed once is as it ought to be', () => {
    expect(found(told().sends('m').opens('c').gets('c', 'm', 'u').ends('u'))).toEqual([])
  })

  test('what was confirmed and never delivered is lost', () => {
    expect(found(told().sends('m').opens('c'))).toEqual(['lost'])
  })

  test('what was never answered may be missing', () => {
    expect(found(told().sending('m').opens('c').kills('c'))).toEqual([])
  })

  test('what was committed and never delivered is lost', () => {
    expect(found(told().sending('m', {}, { unit: 't' }).ends('t'))).toEqual(['lost'])
  })

  test('what was given back at last is lost', () => {
    const story = told().sends('m').opens('c').gets('c', 'm', 'u').ends('u', 'undone')
    expect(found(story)).toEqual(['lost'])
  })

  test('a delivery in doubt may be the last', () => {
    expect(found(told().sends('m').opens('c').gets('c', 'm', 'u').kills('c').ends('u', 'in doubt'))).toEqual([])
  })

  test('a delivery in doubt that was followed by another one did not take place', () => {
    const story = told().sends('m').opens('c').gets('c', 'm', 'u').kills('c').ends('u', 'in doubt')
    expect(found(story.gets('c', 'm', 'v', { redelivered: true }).ends('v', 'undone'))).toEqual(['lost'])
  })

  test('what nobody sent is noticed', () => {
    expect(found(told().opens('c').gets('c', 'm', 'u').ends('u'))).toEqual(['nobody sent it'])
  })

  test('a rolled back send that is delivered is noticed', () => {
    const story = told().sending('m', {}, { unit: 't' }).ends('t', 'undone').opens('c').gets('c', 'm', 'u').ends('u')
    expect(found(story)).toEqual(['rolled back'])
  })

  test('a send that is delivered before its commit is noticed', () => {
    const story = told().sending('m', {}, { unit: 't' }).opens('c').gets('c', 'm', 'u').ends('u').ends('t')
    expect(found(story)).toEqual(['not committed'])
  })

  test('another body is noticed', () => {
    const story = told().sends('m').opens('c').gets('c', 'm', 'u', { damaged: true }).ends('u')
    expect(found(story)).toEqual(['damaged'])
  })

  test('what was consumed must not come again, not even as redelivered', () => {
    const story = told().sends('m').opens('c').gets('c', 'm', 'u').ends('u').kills('c')
    expect(found(story.gets('c', 'm', 'v', { redelivered: true }).ends('v', 'undone'))).toEqual(['came again'])
  })

  test('what was consumed must not be a dead letter', () => {
    expect(found(told().sends('m').opens('c').gets('c', 'm', 'u').ends('u').letter('m'))).toEqual(['came again'])
  })

  test('two that consumed the same are noticed', () => {
    const story = told()
      .sends('m')
      .opens('a')
      .opens('b')
      .gets('a', 'm', 'u')
      .kills('a', 'b')
      .gets('b', 'm', 'v')
      .ends('v')
      .ends('u')
    expect(found(story)).toEqual(['consumed twice'])
  })

  test('two that have the same at the same time are noticed, unless a broker was killed', () => {
    const both = (between: (story: Told) => Told): Told =>
      between(told().sends('m').opens('a').opens('b').gets('a', 'm', 'u'))
        .gets('b', 'm', 'v')
        .ends('v')
        .ends('u', 'undone')
    expect(found(both((story) => story))).toEqual(['held by two'])
    expect(found(both((story) => story.kills('a', 'b')))).toEqual([])
    expect(found(both((story) => story.closes('a')))).toEqual([])
  })

  test('a transaction that gets the same twice is noticed', () => {
    const story = told().sends('m').opens('c').gets('c', 'm', 'u').gets('c', 'm', 'u').ends('u', 'in doubt')
    expect(found(story)).toContain('held by two')
  })

  test('what was rolled back comes again as redelivered, unless a broker was killed', () => {
    const story = (kill: boolean, redelivered: boolean): Told => {
      const begun = told().sends('m').opens('c').gets('c', 'm', 'u').ends('u', 'undone')
      return (kill ? begun.kills('c') : begun).gets('c', 'm', 'v', { redelivered }).ends('v')
    }
    expect(found(story(false, false))).toEqual(['not redelivered'])
    expect(found(story(false, true))).toEqual([])
    expect(found(story(true, false))).toEqual([])
  })

  test('a dead letter that nobody had is noticed; one whose acknowledgement was in doubt is not', () => {
    expect(found(told().sends('m').letter('m'))).toEqual(['dead letter'])
    const inDoubt = told().sends('m').opens('c').gets('c', 'm', 'u').kills('c').ends('u', 'in doubt', 'acknowledgement')
    expect(found(inDoubt.letter('m'))).toEqual([])
  })

  test('a dead letter that nobody sent is noticed', () => {
    expect(found(told().letter('m'))).toEqual(['nobody sent it'])
  })

  test('what JMS forbids and the broker permits is noticed', () => {
    expect(found(told().wrong('it was permitted'))).toEqual(['permitted'])
  })
})

describe('a client that has not noticed yet that its broker was killed', () => {
  const found = (story: Told): string[] => rules(checkTransfers(story.events))
  const begun = (): Told => told().sends('m').opens('a').opens('b').kills('b').gets('b', 'm', 'v')

  test('may hand out what somebody else has from the next one', () => {
    expect(found(begun().gets('a', 'm', 'u').notices('a').ends('u', 'undone').ends('v'))).toEqual([])
    expect(found(begun().ends('v').gets('a', 'm', 'u').notices('a').ends('u', 'undone'))).toEqual([])
  })

  test('may have it back without JMSRedelivered', () => {
    const story = told().sends('m').opens('a').kills().gets('a', 'm', 'u').notices('a').ends('u', 'undone')
    expect(found(story.gets('a', 'm', 'v').ends('v'))).toEqual([])
  })

  test('may roll it back, and hand it out again', () => {
    const story = told().sends('m').opens('a').kills().gets('a', 'm', 'u').ends('u', 'undone')
    const again = story.gets('a', 'm', 'v', { redelivered: true }).notices('a').ends('v', 'undone')
    expect(found(again.gets('a', 'm', 'w').ends('w'))).toEqual([])
  })

  test('has no such excuse once it has', () => {
    const story = begun().notices('a').gets('a', 'm', 'u').ends('u', 'undone').ends('v')
    expect(found(story)).toEqual(['held by two'])
  })
})

describe('a member that steps down closes one connection after the other', () => {
  const found = (story: Told): string[] => rules(checkTransfers(story.events))

  test('what one of them had may go to another one before its client has seen that it is closed', () => {
    const story = (begun: Told): Told => begun.gets('b', 'm', 'v').notices('a', 'b').ends('u', 'undone').ends('v')
    const begun = (): Told => told().sends('m').opens('a').opens('b').gets('a', 'm', 'u')
    expect(found(story(begun().trouble()))).toEqual([])
    expect(found(story(begun().trouble().calm()))).toEqual(['held by two'])
    expect(found(story(begun()))).toEqual(['held by two'])
  })

  test('and comes behind what that one has already', () => {
    const begun = (): Told => told().sends('1').sends('2').opens('a').opens('b').gets('a', '1', 'u').gets('b', '2', 'v')
    const story = (one: Told): Told => one.gets('b', '1', 'v').notices('a', 'b').ends('u', 'undone').ends('v')
    expect(found(story(begun().trouble()))).toEqual([])
    expect(found(story(begun()))).toEqual(expect.arrayContaining(['held by two', 'order']))
  })
})

describe('a transaction in doubt', () => {
  const found = (story: Told): string[] => rules(checkTransfers(story.events))
  const begun = (): Told =>
    told().sends('m').opens('c').gets('c', 'm', 't').sending('n', {}, { unit: 't' }).kills('c').ends('t', 'in doubt')

  test('may have taken place', () => {
    expect(found(begun().gets('c', 'n', 'u').ends('u'))).toEqual([])
  })

  test('may not have taken place', () => {
    expect(found(begun().gets('c', 'm', 'u').ends('u'))).toEqual([])
  })

  test('must not have sent without having consumed', () => {
    expect(found(begun().gets('c', 'm', 'u').gets('c', 'n', 'u').ends('u'))).toEqual(['half a transaction'])
  })

  test('must not have consumed without having sent', () => {
    expect(found(begun())).toEqual(['half a transaction'])
  })

  test('must not have sent a part', () => {
    const story = told().sending('m', {}, { unit: 't' }).sending('n', {}, { unit: 't' }).ends('t', 'in doubt')
    expect(found(story.opens('c').gets('c', 'n', 'u').ends('u'))).toEqual(['half a transaction'])
  })
})

describe('the order', () => {
  const found = (story: Told): string[] => rules(checkTransfers(story.events))

  test('of a producer is kept', () => {
    const story = told().sends('1').sends('2').opens('c').gets('c', '2', 'u').gets('c', '1', 'u').ends('u')
    expect(found(story)).toEqual(['order'])
  })

  test('begins anew with what was rolled back', () => {
    const story = told().sends('1').sends('2').opens('c').gets('c', '1', 'u').gets('c', '2', 'u').ends('u', 'undone')
    expect(
      found(story.gets('c', '1', 'v', { redelivered: true }).gets('c', '2', 'v', { redelivered: true }).ends('v')),
    ).toEqual([])
  })

  test('begins anew after a kill, and is kept then, too', () => {
    const story = (): Told =>
      told().sends('1').sends('2').opens('c').gets('c', '1', 'u').gets('c', '2', 'u').kills('c').ends('u', 'in doubt')
    expect(found(story().gets('c', '1', 'v').gets('c', '2', 'v').ends('v'))).toEqual([])
    expect(found(story().gets('c', '2', 'v').gets('c', '1', 'v').ends('v'))).toEqual(['order'])
  })

  test('lets pass what another consumer was sent before, and gave back when it closed', () => {
    const story = (closed: boolean): Told => {
      const begun = told().opens('a').opens('b').sends('1').sends('2').gets('a', '2', 'u').ends('u')
      return (closed ? begun.closes('b') : begun).gets('a', '1', 'v').ends('v')
    }
    expect(found(story(true))).toEqual([])
    expect(found(story(false))).toEqual(['order'])
  })
})

describe('selectors', () => {
  const found = (story: Told): string[] => rules(checkSelectorQueue(story.events))

  test('what a consumer does not want is noticed', () => {
    const story = (wants: string): Told =>
      told()
        .sends('m', { colour: 'blue', weight: 3, kind: 'a', urgency: 4 })
        .opens('c', { wants })
        .gets('c', 'm', 'u')
        .ends('u')
    for (const wants of ['all', 'not red', 'green or blue', 'heavy or light', 'like b', 'of kind a'])
      expect(found(story(wants))).toEqual([])
    for (const wants of ['red', 'no colour', 'middling', 'urgent and odd', 'not of kind a'])
      expect(found(story(wants))).toEqual(['unwanted'])
  })
})

describe('a durable subscription', () => {
  const found = (story: Told): string[] => rules(checkDurable(story.events))
  const online = (story: Told, life = 'L'): Told => story.opens(`c-${life}`, { from: life })

  test('gets what is published while it exists, also offline', () => {
    const story = online(told().subscribes('L')).closes('c-L').sends('m').opens('d', { from: 'L' })
    expect(found(story.gets('d', 'm', 'u').ends('u'))).toEqual([])
  })

  test('must not lose it', () => {
    expect(found(online(told().subscribes('L')).sends('m'))).toEqual(['lost'])
    expect(found(online(told().subscribes('L')).sending('m', {}, { unit: 't' }).ends('t'))).toEqual(['lost'])
  })

  test('may get what is published while it is made, and must not get what was published before', () => {
    const during = told().sending('m').subscribes('L')
    expect(found(online(during).gets('c-L', 'm', 'u').ends('u'))).toEqual([])
    const before = told().sends('m').subscribes('L')
    expect(found(online(before).gets('c-L', 'm', 'u').ends('u'))).toEqual(['not subscribed'])
  })

  test('that was unsubscribed and made again must not get what is older', () => {
    const story = online(told().subscribes('L')).sends('m').closes('c-L').unsubscribes('L').subscribes('M')
    expect(found(story)).toEqual([])
    expect(found(online(story, 'M').gets('c-M', 'm', 'u').ends('u'))).toEqual(['not subscribed'])
  })

  test('must not get what its selector does not want', () => {
    const story = online(told().subscribes('L', 'red')).sends('m', { colour: 'blue' })
    expect(found(story)).toEqual([])
    expect(found(story.gets('c-L', 'm', 'u').ends('u'))).toEqual(['unwanted'])
  })

  test('must not pass anything over, even when it is unsubscribed later', () => {
    const story = online(told().subscribes('L')).sends('1').sends('2').gets('c-L', '2', 'u').ends('u')
    expect(found(story.closes('c-L').unsubscribes('L'))).toEqual(['gap'])
  })

  test('gets things once, in order, and nothing that was rolled back', () => {
    const twice = online(told().subscribes('L'))
      .sends('m')
      .gets('c-L', 'm', 'u')
      .ends('u')
      .gets('c-L', 'm', 'v')
      .ends('v')
    expect(found(twice)).toEqual(['consumed twice'])
    const undone = online(told().subscribes('L')).sending('m', {}, { unit: 't' }).ends('t', 'undone')
    expect(found(undone.gets('c-L', 'm', 'u').ends('u'))).toEqual(['rolled back'])
    const order = online(told().subscribes('L'))
      .sends('1')
      .sends('2')
      .gets('c-L', '2', 'u')
      .gets('c-L', '1', 'u')
      .ends('u')
    expect(found(order)).toEqual(expect.arrayContaining(['order', 'gap']))
  })

  test('may come again without JMSRedelivered after a kill that its connection has noticed', () => {
    const story = online(told().subscribes('L')).sends('m').gets('c-L', 'm', 'u').ends('u', 'undone').closes('c-L')
    const again = story.opens('d', { from: 'L' }).kills('d').gets('d', 'm', 'v').ends('v')
    expect(found(again)).toEqual([])
  })

  test('does not share with another one', () => {
    const story = online(online(told().subscribes('L').subscribes('M'), 'L'), 'M').sends('m')
    expect(found(story.gets('c-L', 'm', 'u').ends('u').gets('c-M', 'm', 'v').ends('v'))).toEqual([])
  })

  test('is not ended while it has a consumer', () => {
    expect(found(online(told().subscribes('L')).wrong('L was unsubscribed while it had a consumer'))).toEqual([
      'permitted',
    ])
  })
})

describe('expiry', () => {
  const found = (story: Told): string[] => rules(checkExpiry(story.events))
  const sent = (to: string, facts = { timeToLive: 100 }): Told => told().sends('m', facts, { to })

  test('what is delivered too late is noticed', () => {
    const story = (atMs: number): Told =>
      sent(keptQueue)
        .opens('c', { from: keptQueue, lateMs: 50 })
        .gets('c', 'm', 'u', { atMs, expiration: 1000 })
        .ends('u')
    expect(found(story(1050))).toEqual([])
    expect(found(story(1051))).toEqual(['expired'])
  })

  test('what comes with another expiration than it was sent with is noticed', () => {
    expect(found(sent(keptQueue).opens('c').gets('c', 'm', 'u').ends('u'))).toEqual(['expiration'])
  })

  test('what expired is a dead letter of the queue that keeps them, and may be gone from the other one', () => {
    expect(found(sent(keptQueue))).toEqual(['lost'])
    expect(found(sent(keptQueue).letter('m', `${keptPrefix}${keptQueue}`))).toEqual([])
    expect(found(sent(droppedQueue))).toEqual([])
  })

  test('dead letters elsewhere, or twice, are noticed', () => {
    expect(found(sent(droppedQueue).letter('m'))).toEqual(['dead letter'])
    expect(found(sent(keptQueue).letter('m'))).toEqual(['dead letter'])
    const letter = `${keptPrefix}${keptQueue}`
    expect(found(sent(keptQueue).letter('m', letter).letter('m', letter))).toEqual(['two dead letters'])
  })

  test('what lives for ever must not be missing, or a dead letter', () => {
    expect(found(told().sends('m', {}, { to: droppedQueue }))).toEqual(['lost'])
    expect(found(told().sends('m', {}, { to: keptQueue }).letter('m', `${keptPrefix}${keptQueue}`))).toEqual([
      'dead letter',
    ])
  })
})

describe('groups', () => {
  const found = (story: Told): string[] => rules(checkGroups(story.events))
  const first = { first: true }
  const group = (term = 0): { group: string; term: number } => ({ group: 'g', term })

  test('a group has one consumer at a time', () => {
    const story = (between: (story: Told) => Told): Told =>
      between(told().sends('1', group()).sends('2', group()).opens('a').opens('b').gets('a', '1', 'u', first).ends('u'))
        .gets('b', '2', 'v', first)
        .ends('v')
    expect(found(story((one) => one))).toEqual(['two owners'])
    expect(found(story((one) => one.closes('a')))).toEqual([])
    expect(found(story((one) => one.kills('a', 'b')))).toEqual([])
  })

  test('a group that was closed may go to another one', () => {
    const story = told().sends('1', group()).sends('2', group(1)).opens('a').opens('b')
    expect(found(story.gets('a', '1', 'u', first).gets('b', '2', 'v', first).ends('u').ends('v'))).toEqual([])
  })

  test('its order is kept over consumers', () => {
    const story = told()
      .sends('1', group())
      .sends('2', group())
      .opens('a')
      .opens('b')
      .gets('a', '2', 'u', first)
      .ends('u')
      .closes('a')
    expect(found(story.gets('b', '1', 'v', first).ends('v'))).toEqual(['order'])
  })

  test('a new owner is told', () => {
    const story = told().sends('1', group()).opens('a').gets('a', '1', 'u').ends('u')
    expect(found(story)).toEqual(['first'])
  })
})

describe('priorities', () => {
  const found = (story: Told): string[] => rules(checkPriorities(story.events))
  const sent = (): Told =>
    told()
      .sends('low', { phase: 1, urgency: 2 })
      .sends('high', { phase: 1, urgency: 7 })
      .sends('later', { phase: 1, urgency: 7 })
      .opens('c')

  test('a backlog comes by priority, then in its order', () => {
    expect(found(sent().gets('c', 'high', 'u').gets('c', 'later', 'u').gets('c', 'low', 'u').ends('u'))).toEqual([])
    expect(found(sent().gets('c', 'low', 'u').gets('c', 'high', 'u').gets('c', 'later', 'u').ends('u'))).toEqual([
      'order',
      'order',
    ])
    expect(found(sent().gets('c', 'later', 'u').gets('c', 'high', 'u').gets('c', 'low', 'u').ends('u'))).toEqual([
      'order',
    ])
  })
})

test('a fault is told with what the clients saw of its message, and with what happened around it', () => {
  const story = told().sends('m').opens('c').gets('c', 'm', 'u').ends('u').gets('c', 'm', 'v').ends('v')
  const [fault] = checkTransfers(story.events)
  const text = describeFault(fault!, story.events)
  expect(text).toContain('consumed twice: m in u and v')
  expect(text).toMatch(/0 send id=m to=Q producer=p n=0/)
  expect(text).toMatch(/> 6 deliver consumer=c id=m unit=v/)
})
