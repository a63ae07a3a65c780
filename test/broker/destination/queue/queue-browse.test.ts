// What a browser is shown of a queue, wherever the messages are, and what it costs.
import { describe, expect, test } from '@jest/globals'
import type { MessageSource } from '../../../../broker/destination/subscription/message-source.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueBrowse, type Browser } from '../../../../broker/destination/queue/queue-browse.ts'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import type { Message } from '../../../../broker/message/message.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { QueueHarness } from './queue-harness.ts'

const { windowMessages, pageMessages, readRetryMs } = destinationLimits

class TestBrowser implements Browser {
  readonly queues = new Set<MessageSource>()
  readonly seen: number[] = []
  readonly counters: number[] = []
  readonly errors: string[] = []
  ends = 0
  room: number
  readonly browse: QueueBrowse
  readonly #wants: (number: number) => boolean

  constructor(harness: QueueHarness, upTo: number, room = Infinity, wants?: (number: number) => boolean) {
    this.room = room
    this.#wants = wants ?? (() => true)
    const { clock, memory, queue } = harness
    const logger = { ...silentLogger, error: (message: string) => void this.errors.push(message) }
    this.browse = new QueueBrowse([queue], upTo, { clock, memory, logger, scan: (bytes) => StoredMessage.scan(bytes) })
    this.browse.attach(this)
    this.browse.dispatch()
  }

  get full(): boolean {
    return this.seen.length >= this.room
  }

  accepts({ producerSequenceId }: Message): boolean {
    return this.#wants(producerSequenceId)
  }

  show(_queue: unknown, { producerSequenceId }: Message, _sequence: number, redeliveryCounter: number): void {
    if (this.full) throw new Error('a full browser was shown a message')
    this.seen.push(producerSequenceId)
    this.counters.push(redeliveryCounter)
  }

  tellEnd(): boolean {
    this.ends++
    return true
  }

  /** It has acknowledged so many. */
  take(count: number): void {
    this.room += count
    this.browse.dispatch()
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const filled = async (count: number, memoryLimit = 2 ** 30, body = ''): Promise<QueueHarness> => {
  const harness = new QueueHarness(memoryLimit)
  for (let number = 1; number <= count; number++) harness.arrive(number, harness.write(number, { body }))
  await harness.rest()
  return harness
}

/** Serves reads until the browser has seen the end, or nothing is read any more. */
async function finish(harness: QueueHarness, browser: TestBrowser): Promise<void> {
  for (let i = 0; i < 10_000 && browser.ends === 0 && (browser.browse.loading || !browser.full); i++)
    await harness.serve()
}

describe('a browser sees all, in order, and then the end', () => {
  test('of a queue that is mostly in the store', async () => {
    const harness = await filled(windowMessages + 3 * pageMessages + 7)
    const browser = new TestBrowser(harness, 5000)
    await finish(harness, browser)
    expect(browser.seen).toEqual(numbers(1, windowMessages + 3 * pageMessages + 7))
    expect(browser.ends).toBe(1)
  })

  test('of an empty one', async () => {
    const harness = await filled(0)
    const browser = new TestBrowser(harness, 5000)
    await finish(harness, browser)
    expect(browser).toMatchObject({ seen: [], ends: 1 })
  })

  test('of one that is in memory, in the temp store and in the store', async () => {
    const harness = await filled(windowMessages)
    const last = windowMessages + 4 * 600
    for (let number = windowMessages + 1; number <= last; number += 4) {
      harness.arrive(number, harness.write(number))
      harness.sendVolatile(number + 1)
      harness.arriveSpilled(number + 2, harness.spill(number + 2))
      harness.sendVolatile(number + 3)
    }
    await harness.rest()
    const browser = new TestBrowser(harness, last)
    await finish(harness, browser)
    expect(browser.seen).toEqual(numbers(1, last))
  })

  test('of more than a page that only memory has', async () => {
    const harness = await filled(0)
    for (let number = 1; number <= 3 * pageMessages; number++) harness.sendVolatile(number)
    const browser = new TestBrowser(harness, 3 * pageMessages)
    await finish(harness, browser)
    expect(browser.seen).toEqual(numbers(1, 3 * pageMessages))
  })

  test('with what consumers hold, and with what came back as often as it was delivered', async () => {
    const harness = await filled(3)
    for (let number = 4; number <= 6; number++) harness.sendVolatile(number)
    const closing = harness.consumer(2)
    for (const entry of closing.held) entry.redeliveryCounter++
    harness.close(closing)
    harness.consumer(5)
    const browser = new TestBrowser(harness, 6)
    await finish(harness, browser)
    expect(browser.seen).toEqual(numbers(1, 6))
    expect(browser.counters).toEqual([1, 1, 0, 0, 0, 0])
  })

  test('with what is not durable yet, and becomes it meanwhile', async () => {
    const harness = await filled(0)
    harness.consumer(1)
    const entry = harness.queue.arriveUnsynced(1, harness.message(1))
    const browser = new TestBrowser(harness, 1)
    harness.queue.becameDurable(entry)
    await finish(harness, browser)
    expect(browser.seen).toEqual([1])
  })
})

describe('a browser is not shown', () => {
  test('what came after it', async () => {
    const harness = await filled(3)
    const browser = new TestBrowser(harness, 3)
    harness.sendVolatile(4)
    harness.arrive(5, harness.write(5))
    await finish(harness, browser)
    expect(browser.seen).toEqual([1, 2, 3])
  })

  test('what its selector does not want, however much that is', async () => {
    const harness = await filled(6 * pageMessages)
    const browser = new TestBrowser(harness, 6 * pageMessages, 1, (number) => number % 1000 === 0)
    await finish(harness, browser)
    expect(browser.seen).toEqual([1000])
    browser.take(9)
    await finish(harness, browser)
    expect(browser).toMatchObject({ seen: [1000, 2000, 3000], ends: 1 })
  })

  test('what was consumed before its turn came, in the page or while that was read', async () => {
    const harness = await filled(10)
    const consumer = harness.consumer(10)
    const browser = new TestBrowser(harness, 10, 2)
    harness.acknowledge(consumer, consumer.held[4]!)
    await finish(harness, browser)
    expect(browser.seen).toEqual([1, 2])
    harness.acknowledge(consumer, consumer.held[2]!)
    harness.acknowledge(consumer, consumer.held.at(-1)!)
    browser.take(10)
    await finish(harness, browser)
    expect(browser.seen).toEqual([1, 2, 4, 6, 7, 8, 9])
  })

  test('what an open transaction has acknowledged; what it gives back, it is', async () => {
    const harness = await filled(3)
    const consumer = harness.consumer(3)
    consumer.held[1]!.transaction = {}
    const browser = new TestBrowser(harness, 3, 1)
    const later = new TestBrowser(harness, 3, 1)
    await finish(harness, browser)
    browser.take(5)
    consumer.held[1]!.transaction = null
    later.take(5)
    await finish(harness, later)
    expect(browser.seen).toEqual([1, 3])
    expect(later.seen).toEqual([1, 2, 3])
  })

  test('what has expired', async () => {
    const harness = await filled(1)
    const expiration = harness.clock.nowMs() + 1000
    harness.arrive(2, harness.write(2, { expiration }))
    harness.sendVolatile(3, { expiration })
    harness.arrive(4, harness.write(4))
    const browser = new TestBrowser(harness, 4, 0)
    harness.clock.advance(1000)
    browser.take(4)
    await finish(harness, browser)
    expect(browser.seen).toEqual([1, 4])
  })
})

describe('what a browser costs', () => {
  test('it holds no more than a page, small when memory is short, and gives it back', async () => {
    const harness = await filled(1000, 200 * 1024, 'x'.repeat(2000))
    const before = harness.memory.used
    const browser = new TestBrowser(harness, 1000, 10)
    await finish(harness, browser)
    expect(harness.memory.used).toBeGreaterThan(before)
    expect(harness.memory.used - before).toBeLessThan(1.5 * destinationLimits.pageBytesUnderPressure)
    browser.take(Infinity)
    await finish(harness, browser)
    expect(browser.seen).toEqual(numbers(1, 1000))
    expect(harness.memory.used).toBe(before)
  })

  test('it reads only when it has room, and nothing any more when it has gone', async () => {
    const harness = await filled(4000)
    const before = harness.reads
    const browser = new TestBrowser(harness, 4000, 0)
    expect(harness.reads).toBe(before)
    browser.take(1)
    expect(harness.reads).toBe(before + 1)
    await harness.serve()
    expect(harness.queue.consumers).toBe(1)
    browser.browse.detach(browser)
    browser.take(5000)
    await harness.serve()
    expect(browser).toMatchObject({ seen: [1], ends: 0 })
    expect(harness.queue.consumers).toBe(0)
    expect(harness.reads).toBe(before + 1)
  })

  test('also when it goes while a page is read', async () => {
    const harness = await filled(10)
    const before = harness.memory.used
    const browser = new TestBrowser(harness, 10)
    browser.browse.detach(browser)
    await harness.rest()
    expect(browser.seen).toEqual([])
    expect(harness.memory.used).toBe(before)
  })

  test('others get their turn', async () => {
    const harness = await filled(30 * pageMessages)
    const browser = new TestBrowser(harness, 30 * pageMessages, 1, () => false)
    const before = harness.reads
    for (let i = 0; i < 50; i++) await harness.answer()
    expect(harness.reads - before).toBeLessThan(destinationLimits.lookPagesAtOnce)
    await finish(harness, browser)
    expect(browser.ends).toBe(1)
  })
})

test('a failed read is tried again', async () => {
  const harness = await filled(3)
  harness.failing = true
  const browser = new TestBrowser(harness, 3)
  await harness.serve()
  expect(browser.errors).toEqual(['Cannot read messages of queue'])
  harness.failing = false
  harness.clock.advance(readRetryMs)
  await finish(harness, browser)
  expect(browser).toMatchObject({ seen: [1, 2, 3], ends: 1 })
})

test('it ends with its queue', async () => {
  const harness = await filled(5)
  const browser = new TestBrowser(harness, 5, 1)
  await finish(harness, browser)
  harness.queue.delete()
  expect(browser).toMatchObject({ seen: [1], ends: 1 })
  expect(harness.memory.used).toBe(0)
})
