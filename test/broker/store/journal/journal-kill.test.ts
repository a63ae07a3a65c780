// A real process that is killed under load, again and again: whatever it said was acknowledged is there afterwards.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { nodeDisk } from '../../../../broker/disk/node-disk.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'
import { soleOwner } from '../../../support/sole-owner.ts'

const nodeBinary = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '.bin', 'node')
const writer = join(import.meta.dirname, '..', '..', '..', 'support', 'store-writer.ts')
const rounds = 4

/** Runs a writer until it has acknowledged `count` messages, kills it, and returns what it said. */
function runAndKill(directory: string, term: number, count: number): Promise<number[]> {
  const child = spawn(nodeBinary, [writer, directory, String(term)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString()
    if (said.length > count * 5) child.kill('SIGKILL')
  })
  return new Promise((resolve) => {
    child.once('close', () => {
      const lines = said.split('\n')
      // The last line may have been cut off.
      lines.pop()
      resolve(lines.map(Number))
    })
  })
}

test('a killed writer has lost nothing that it acknowledged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'journal-kill-'))
  const standby = createJournalStore({ disk: nodeDisk, directory, maxFileLength: 256 * 1024 })
  standby.follow()
  const expected: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const said = await runAndKill(directory, round, 400 + 300 * round)
    expect(said.length).toBeGreaterThan(100)
    expected.push(...said.filter((sequence) => sequence % 3 !== 0))
  }
  await standby.open(soleOwner(rounds + 1))
  const found = new Set<number>()
  for (let after = 0; ;) {
    const page = await standby.read(queueHolder('orders'), after, Number.MAX_SAFE_INTEGER, 1000, 10_000_000)
    if (page.length === 0) break
    for (const { sequence, bytes } of page) {
      expect(bytes.equals(Buffer.alloc(100 + (sequence % 2000), `${sequence}-`))).toBe(true)
      found.add(sequence)
    }
    after = page.at(-1)!.sequence
  }
  expect(expected.filter((sequence) => !found.has(sequence))).toEqual([])
  await standby.close()
  rmSync(directory, { recursive: true })
})
