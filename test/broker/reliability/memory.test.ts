// The short form of test/reliability/memory.ts: real broker processes with little memory, killed in between. The peak resident
// sets have generous bounds that only a broker which keeps bodies in memory breaks; figures are in docs/reliability.md.
import { describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { runBacklog, runLargeMessage, runSelectiveBacklog } from '../../reliability/memory.ts'

const mebibyte = 2 ** 20
// The resident set is read from there.
const onLinux = existsSync('/proc/self/status') ? test : test.skip

describe('the memory of a broker process', () => {
  onLinux('does not grow with the messages of a queue; after a kill all of them come, in order', async () => {
    const figures = await runBacklog({
      messages: 50_000,
      contentBytes: 4096,
      memoryLimit: '4Mi',
      heapMebibytes: 64,
    })
    // 200 MiB of bodies, and about 90 MiB for a process that has done nothing.
    for (const peak of [figures.fillPeakBytes, figures.restartPeakBytes, figures.drainPeakBytes])
      expect(peak).toBeLessThan(290 * mebibyte)
  })

  onLinux(
    'does not grow with what a hundred selectors pass over; what one of them wants comes, in order, and a browser sees the rest',
    async () => {
      const figures = await runSelectiveBacklog({
        messages: 20_000,
        contentBytes: 4096,
        memoryLimit: '4Mi',
        heapMebibytes: 64,
      })
      expect(figures.peakBytes).toBeLessThan(290 * mebibyte)
    },
  )

  onLinux('has room for a message larger than its memory limit', async () => {
    const figures = await runLargeMessage({ contentBytes: 20 * mebibyte, memoryLimit: '8Mi' })
    expect(figures.sendSeconds).toBeGreaterThan(0)
  })
})
