// Who gets the messages of a group. group-model.test.ts tries it at random.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueHarness, type TestQueueConsumer } from './queue-harness.ts'

const { windowMessages, idleMessageGroups, forgottenMessageGroups, messageGroupIdLength } = destinationLimits

class Groups extends QueueHarness {
  #last = 0

  constructor(memoryLimit = 2 ** 30) {
    super(memoryLimit)
  }

  /** One message of each group named; `g` alone, or `g:SEQUENCE`, and `-` is one of no group. They are numbered from 1 on. */
  send(...groups: string[]): void {
    for (const name of groups) {
      const [groupId, sequence] = name.split(':') as [string, string?]
      const number = ++this.#last
      const options = groupId === '-' ? {} : { groupId, groupSequence: Number(sequence ?? 0) }
      this.arrive(number, this.write(number, options))
    }
  }

  /** The first `count` that it has. */
  take(consumer: TestQueueConsumer, count = 1): void {
    for (let i = 0; i < count; i++) this.acknowledge(consumer, consumer.held[0]!)
  }

  /** Numbers of what begins its group for the one who got it. */
  get firsts(): number[] {
    return this.given.filter(({ message }) => message.groupFirstForConsumer).map(({ entry }) => entry.sequence)
  }
}

const held = (...consumers: TestQueueConsumer[]): number[][] =>
  consumers.map((consumer) => consumer.held.map(({ sequence }) => sequence))

describe('a group', () => {
  test('has the consumer that got its first message; new ones go to who owns the fewest, then in turn', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(100), harness.consumer(100), harness.consumer(100)]
    harness.send('a', 'a', 'b', 'a', 'c', 'b', 'd', 'c')
    expect(held(...consumers)).toEqual([
      [1, 2, 4, 7],
      [3, 6],
      [5, 8],
    ])
    expect(harness.queue.messageGroups).toBe(4)
    harness.close(consumers[0]!)
    expect(held(...consumers)).toEqual([[], [3, 6, 1, 2, 4], [5, 8, 7]])
  })

  test('the first message that a consumer gets of it says so, and what is stored does not', async () => {
    const harness = new Groups()
    harness.send('a', 'a', 'b', '-', 'a')
    const one = harness.consumer(100)
    expect(harness.firsts).toEqual([1, 3])
    const kept = one.held.map(({ message }) => message!.groupFirstForConsumer)
    expect(kept).toEqual([false, false, false, false, false])
    harness.close(one)
    harness.consumer(100)
    expect(harness.firsts).toEqual([1, 3, 1, 3])
    await harness.rest()
  })

  test('waits for its owner that is full, and holds up nobody else', () => {
    const harness = new Groups()
    const owner = harness.consumer(1)
    harness.send('a', 'a')
    const other = harness.consumer(100)
    harness.send('b', '-', 'a', 'b')
    expect(held(owner, other)).toEqual([[1], [3, 4, 6]])
    harness.take(owner)
    expect(held(owner)).toEqual([[2]])
    harness.take(owner)
    expect(held(owner)).toEqual([[5]])
  })

  test('the same when what waits is only in the store', async () => {
    const harness = new Groups()
    const owner = harness.consumer(1)
    harness.send('a')
    harness.send(...Array.from({ length: windowMessages * 2 }, () => 'a'), 'b', '-', 'a')
    const last = windowMessages * 2 + 4
    const other = harness.consumer(100)
    await harness.rest()
    expect(held(owner, other)).toEqual([[1], [last - 2, last - 1]])
    harness.send('b', 'a')
    await harness.rest()
    expect(held(other)).toEqual([[last - 2, last - 1, last + 1]])
    for (let next = 1; next <= last - 3; next++) {
      expect(held(owner)).toEqual([[next]])
      harness.take(owner)
      await harness.rest()
    }
    expect(held(owner)).toEqual([[last]])
    expect(harness.errors).toEqual([])
  })

  test('goes to one other when its owner goes, what was in flight first', async () => {
    const harness = new Groups()
    const owner = harness.consumer(3)
    harness.send(...Array.from({ length: windowMessages + 10 }, () => 'a'))
    const others = [harness.consumer(2000), harness.consumer(2000)]
    await harness.rest()
    expect(held(...others)).toEqual([[], []])
    harness.take(owner)
    harness.close(owner)
    await harness.rest()
    const all = Array.from({ length: windowMessages + 9 }, (_, i) => i + 2)
    expect(held(...others)).toEqual([all, []])
  })

  test('stays with nobody until what its owner left in flight is decided', () => {
    const harness = new Groups()
    const owner = harness.consumer(100)
    harness.send('a', 'a')
    const other = harness.consumer(100)
    const [first, second] = owner.held.splice(0)
    harness.queue.detach(owner)
    harness.queue.dispatch()
    harness.send('a', 'b')
    expect(held(other)).toEqual([[4]])
    harness.queue.acknowledge(first!, false)
    expect(held(other)).toEqual([[4]])
    harness.queue.returnToFront([second!])
    harness.queue.dispatch()
    expect(held(other)).toEqual([[4, 2, 3]])
  })

  test('and goes on when that was acknowledged, although nobody else has a reason to look', () => {
    const harness = new Groups()
    const owner = harness.consumer(100)
    harness.send('a')
    const other = harness.consumer(100)
    harness.queue.detach(owner)
    harness.send('a')
    expect(held(other)).toEqual([[]])
    harness.queue.acknowledge(owner.held[0]!, false)
    expect(held(other)).toEqual([[2]])
  })
})

describe('JMSXGroupSeq', () => {
  test('below 0 closes the group: its next message finds an owner anew', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(100), harness.consumer(100)]
    harness.send('a', 'a:2', 'a:-1', 'a', 'a')
    expect(held(...consumers)).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(harness.firsts).toEqual([1, 4])
    harness.send('b:-1')
    expect(harness.queue.messageGroups).toBe(1)
  })

  test('others who looked past what follows look again', async () => {
    const harness = new Groups()
    const owner = harness.consumer(1)
    harness.send('a', 'a:-1', 'a', ...Array.from({ length: windowMessages }, () => 'a'))
    const other = harness.consumer(2000)
    await harness.rest()
    expect(held(other)).toEqual([[]])
    harness.take(owner)
    await harness.rest()
    expect(held(owner, other)).toEqual([[2], Array.from({ length: windowMessages + 1 }, (_, i) => i + 3)])
  })

  test('that closes and comes back does not close what was begun since', () => {
    const harness = new Groups()
    const owner = harness.consumer(1)
    harness.send('a:-1')
    const others = [harness.consumer(100), harness.consumer(100)]
    harness.send('a')
    harness.close(owner)
    harness.send('a')
    expect(held(...others)).toEqual([[2, 1, 3], []])
  })

  test('of 1 begins the group anew, with whoever is next', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(100), harness.consumer(100)]
    harness.send('a:1', 'a:2')
    harness.take(consumers[0]!, 2)
    harness.send('a:1', 'a:2')
    expect(held(...consumers)).toEqual([[], [3, 4]])
    expect(harness.firsts).toEqual([1, 3])
  })

  test('but not before what its owner has and will get', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(2), harness.consumer(100)]
    harness.send('a:1', 'a:2', 'a:3', 'a:1')
    expect(held(...consumers)).toEqual([[1, 2], []])
    harness.take(consumers[0]!, 2)
    expect(held(...consumers)).toEqual([[3, 4], []])
  })
})

describe('consumers with wishes', () => {
  const even = (number: number): boolean => number % 2 === 0

  test('of a group its owner gets what it wants; the rest waits for the next owner', () => {
    const harness = new Groups()
    const owner = harness.consumer(100, even)
    harness.send('a', 'a', 'a', 'a')
    const other = harness.consumer(100)
    harness.send('a', 'a')
    expect(held(owner, other)).toEqual([[2, 4, 6], []])
    harness.close(owner)
    expect(held(other)).toEqual([[1, 2, 3, 4, 5, 6]])
  })

  test('one that closes its group in the middle of a look leaves to others what it did not want, wherever it is', async () => {
    const harness = new Groups()
    const inMemory = windowMessages + 1
    const owner = harness.consumer(1, (number) => number === 2 || (number > inMemory && even(number)))
    harness.send(...Array.from({ length: inMemory + 98 }, () => 'a'), 'a:-1')
    await harness.rest()
    const other = harness.consumer(2000)
    await harness.rest()
    expect(held(owner, other)).toEqual([[2], []])
    owner.room = 2000
    harness.queue.dispatch()
    await harness.rest()
    expect(owner.held).toHaveLength(51)
    expect(other.held).toHaveLength(inMemory + 48)
    expect(harness.queue.inFlight).toBe(harness.queue.size)
  })

  test('they leave, and groups stay groups', () => {
    const harness = new Groups()
    const wisher = harness.consumer(100, even)
    const consumers = [harness.consumer(100), harness.consumer(100)]
    harness.send('a', 'a', 'b')
    harness.close(wisher)
    harness.send('b', 'a', '-')
    const [first, second] = held(...consumers)
    expect([...first!, ...second!].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
    const a = first!.includes(1) ? first! : second!
    expect([1, 2, 5].every((number) => a.includes(number))).toBe(true)
  })
})

describe('an exclusive consumer', () => {
  test('gets the groups of the others, each when nothing of it is in flight', () => {
    const harness = new Groups()
    const owner = harness.consumer(100)
    harness.send('a', 'b', 'a')
    harness.acknowledge(owner, owner.held[1]!)
    const exclusive = harness.consumer(100, undefined, { exclusive: true })
    harness.send('a', 'b', 'c')
    expect(held(owner, exclusive)).toEqual([
      [1, 3],
      [5, 6],
    ])
    harness.take(owner, 2)
    expect(held(owner, exclusive)).toEqual([[], [5, 6, 4]])
  })

  test('is not given what the owner has just acknowledged, although the store may have it still', async () => {
    // Too little memory to keep the pages that are looked through.
    const harness = new Groups(32 * 1024)
    const wanted = (number: number): boolean => number > 100
    const owner = harness.consumer(1, wanted)
    harness.send(...Array.from({ length: 100 }, () => '-'), ...Array.from({ length: 100 }, () => 'a'))
    await harness.rest()
    const other = harness.consumer(200, wanted)
    await harness.rest()
    harness.close(other)
    owner.room = 10
    harness.queue.dispatch()
    await harness.rest()
    const exclusive = harness.consumer(200, wanted, { exclusive: true })
    await harness.rest()
    expect(held(owner, other, exclusive)).toEqual([Array.from({ length: 10 }, (_, i) => 101 + i), [], []])
    harness.take(owner, 10)
    await harness.rest()
    expect(held(exclusive)).toEqual([Array.from({ length: 90 }, (_, i) => 111 + i)])
  })

  test('leaves all to the others', () => {
    const harness = new Groups()
    const exclusive = harness.consumer(100, undefined, { exclusive: true })
    const others = [harness.consumer(100), harness.consumer(100)]
    harness.send('a', 'b', 'a')
    harness.close(exclusive)
    expect(held(...others)).toEqual([[1, 3], [2]])
  })
})

describe('what is remembered', () => {
  test('owners of groups of which nothing is in flight, so many; then some of the oldest are forgotten', () => {
    const harness = new Groups()
    const [busy, idle] = [harness.consumer(100_000), harness.consumer(100_000)]
    harness.send('first', 'second')
    harness.take(idle)
    for (let i = 0; i < idleMessageGroups; i++) {
      harness.send(`g${i}`)
      for (const consumer of [busy, idle])
        if (consumer.held.length > (consumer === busy ? 1 : 0)) {
          harness.acknowledge(consumer, consumer.held.at(-1)!)
        }
    }
    // One is in flight, and "second" is not known any more.
    expect(harness.queue.messageGroups).toBe(idleMessageGroups + 2 - forgottenMessageGroups)
    harness.given.length = 0
    harness.send('first', 'second')
    expect(harness.given[0]!.consumer).toBe(busy)
    expect(harness.given.map(({ message }) => message.groupFirstForConsumer)).toEqual([false, true])
  })

  test('long ids by their length and checksum', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(100), harness.consumer(100)]
    const long = 'x'.repeat(messageGroupIdLength + 1)
    harness.send(long, `${long}y`, long)
    expect(held(...consumers)).toEqual([[1, 3], [2]])
  })

  test('nothing when nobody owns a group any more', () => {
    const harness = new Groups()
    const consumers = [harness.consumer(100), harness.consumer(100)]
    harness.send('a', 'b', '-', 'a:-1')
    expect(harness.queue.messageGroups).toBe(1)
    for (const consumer of consumers) {
      harness.queue.detach(consumer)
      for (const entry of consumer.held.splice(0)) harness.queue.acknowledge(entry, false)
    }
    expect(harness.queue.messageGroups).toBe(0)
    harness.queue.sweepExpired()
    const one = harness.consumer(100)
    harness.send('-', '-')
    expect(held(one)).toEqual([[5, 6]])
    expect(one.asked).toBe(0)
  })
})

test('messages of no group go in turn, whoever owns groups', () => {
  const harness = new Groups()
  const consumers = [harness.consumer(100), harness.consumer(100)]
  harness.send('a', 'a', 'a', '-', '-', '-', '-')
  expect(held(...consumers).map((numbers) => numbers.filter((number) => number > 3))).toEqual([
    [5, 7],
    [4, 6],
  ])
})

test('the owner of a group keeps it when one of a higher priority comes', () => {
  const harness = new Groups()
  const owner = harness.consumer(100)
  harness.send('a')
  const higher = harness.consumer(100, undefined, { priority: 1 })
  harness.send('a', 'b', '-')
  expect(held(owner, higher)).toEqual([
    [1, 2],
    [3, 4],
  ])
})
