import { expect, test } from '@jest/globals'
import { WriteTurn } from '../../../broker/net/write-turn.ts'

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is scheduled in a turn is flushed after it, in order', async () => {
  const turn = new WriteTurn()
  const flushed: string[] = []
  turn.schedule({ flush: () => void flushed.push('a') })
  await Promise.resolve()
  turn.schedule({ flush: () => void flushed.push('b') })
  expect(flushed).toEqual([])
  await turnEnd()
  expect(flushed).toEqual(['a', 'b'])
})

test('what a flush gives rise to waits for the next one', async () => {
  const turn = new WriteTurn()
  const flushed: string[] = []
  const second = { flush: () => void flushed.push('second') }
  turn.schedule({
    flush() {
      flushed.push('first')
      turn.schedule(second)
    },
  })
  await turnEnd()
  expect(flushed).toEqual(['first'])
  await turnEnd()
  expect(flushed).toEqual(['first', 'second'])
})
