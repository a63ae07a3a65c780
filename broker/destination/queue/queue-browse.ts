// One browser on its way through the messages of its queues: all that they held when it came, in order, one queue after the
// other, then the end. It takes nothing and counts nothing; who consumes meanwhile does not notice.
//
// It reads on when its window has room, a page at a time (browse-page.ts), and holds no more than that: how many messages there
// are does not matter. ActiveMQ's Queue shows what it has paged in: what fits into memory, and with a policy entry no more than
// maxBrowsePageSize (400 by default). Here it is always all.
import type { Clock } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { destinationLimits } from '../limits.ts'
import type { MessageSource } from '../subscription/message-source.ts'
import type { BrowsedQueue, QueueWatcher } from './browsed-queue.ts'
import { readBrowsePage, type BrowsePage, type PageContext } from './browse-page.ts'

/** Whoever looks. */
export interface Browser {
  /** Where its messages come from. */
  readonly queues: Set<MessageSource>
  /** True while it takes no message. */
  readonly full: boolean
  accepts(message: Message, redeliveryCounter: number): boolean
  show(queue: Destination, message: Message, sequence: Sequence, redeliveryCounter: number): void
  /** There is nothing more to be seen. False when it is to be told later. */
  tellEnd(): boolean
}

export interface BrowseContext extends PageContext {
  readonly clock: Clock
}

export class QueueBrowse implements MessageSource, QueueWatcher {
  readonly #queues: readonly BrowsedQueue[]
  /** What comes behind this one was not there yet. */
  readonly #upTo: Sequence
  readonly #context: BrowseContext
  #browser: Browser | null = null
  /** Which queue it looks at. */
  #at = 0
  /** Up to where it has looked there, but for the page. */
  #after: Sequence = 0
  #page: BrowsePage | null = null
  #pagesRead = 0
  /** What left the queue while a page of it is read; null while none is. */
  #goneDuringRead: Sequence[] | null = null
  #ended = false

  constructor(queues: readonly BrowsedQueue[], upTo: Sequence, context: BrowseContext) {
    this.#queues = queues
    this.#upTo = upTo
    this.#context = context
  }

  get loading(): boolean {
    return this.#goneDuringRead !== null
  }

  attach(browser: Browser): void {
    this.#browser = browser
    browser.queues.add(this)
    for (const queue of this.#queues) queue.addWatcher(this)
  }

  detach(browser: Browser): void {
    browser.queues.delete(this)
    for (const queue of this.#queues) queue.removeWatcher(this)
    this.#browser = null
    this.#closePage()
  }

  /** Shows what the browser has room for, and reads what is needed to go on. */
  dispatch(): void {
    const browser = this.#browser
    if (!browser || this.#ended) return
    for (let queue = this.#queues[this.#at]; queue; queue = this.#queues[this.#at]) {
      if (queue.deleted) this.#goOn()
      else if (this.loading) return
      else if (this.#page) {
        if (!this.#show(this.#page, queue, browser)) return
        this.#after = this.#page.upTo
        this.#page = null
      } else if (this.#after >= this.#upTo) this.#goOn()
      else if (browser.full) return
      else return void this.#read(queue)
    }
    this.#ended = browser.tellEnd()
  }

  gone(queue: BrowsedQueue, sequence: Sequence): void {
    if (queue !== this.#queues[this.#at]) return
    this.#goneDuringRead?.push(sequence)
    this.#page?.forget(sequence)
  }

  /** To the next queue. */
  #goOn(): void {
    this.#closePage()
    this.#at++
    this.#after = 0
  }

  #closePage(): void {
    this.#page?.clear()
    this.#page = null
  }

  /** True when the browser has seen all of it. */
  #show(page: BrowsePage, queue: BrowsedQueue, browser: Browser): boolean {
    const nowMs = this.#context.clock.nowMs()
    while (!browser.full) {
      const next = page.take(nowMs)
      if (!next) return true
      const { message, sequence, entry } = next
      const redeliveryCounter = entry ? entry.redeliveryCounter : queue.deliveredBefore(message)
      if (browser.accepts(message, redeliveryCounter))
        browser.show(queue.destination, message, sequence, redeliveryCounter)
    }
    return page.isEmpty
  }

  async #read(queue: BrowsedQueue): Promise<void> {
    const { clock, logger } = this.#context
    this.#goneDuringRead = []
    let page: BrowsePage | null = null
    try {
      page = await readBrowsePage(queue, this.#after, this.#upTo, this.#context)
      if (++this.#pagesRead % destinationLimits.lookPagesAtOnce === 0) await pause(clock, 0)
    } catch (error) {
      logger.error('Cannot read messages of queue', { queue: queue.destination.name, reason: errorMessage(error) })
      await pause(clock, destinationLimits.readRetryMs)
    }
    const gone = this.#goneDuringRead
    this.#goneDuringRead = null
    for (const sequence of gone) page?.forget(sequence)
    if (queue !== this.#queues[this.#at] || !this.#browser) page?.clear()
    else this.#page = page
    this.dispatch()
  }
}

const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.after(delayMs, resolve))
