// Watches of a holder that end when they are told to, and a clock that knows how long a standby wanted to wait.
import type { Timer } from '../../broker/base/clock.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import type { OpenWatch } from '../../broker/lock/holder-watch.ts'

export class FakeWatches {
  readonly open: { readonly url: string; readonly end: (wasAnswered: boolean) => void }[] = []
  readonly givenUp: string[] = []
  readonly openWatch: OpenWatch = (url, ended) => {
    const forget = (): void => void this.open.splice(this.open.indexOf(watch), 1)
    const watch = {
      url,
      end(wasAnswered: boolean) {
        forget()
        ended(wasAnswered)
      },
    }
    this.open.push(watch)
    return () => {
      forget()
      this.givenUp.push(url)
    }
  }
}

/** Knows for how long somebody wanted to wait. */
export class DelayClock extends ManualClock {
  readonly asked: number[] = []
  override after(delayMs: number, callback: () => void): Timer {
    this.asked.push(delayMs)
    return super.after(delayMs, callback)
  }
  async delays(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
}
