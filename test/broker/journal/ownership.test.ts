// Answers leave only after the proof that the journal is still this member's own; where that proof takes time they wait.
import { expect, test } from '@jest/globals'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import type { JournalStore } from '../../../broker/store/journal/journal-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'

/** Proofs that a test gives, or does not give, later. */
class SlowProofs {
  readonly #asked: { resolve: () => void; reject: (error: Error) => void }[] = []
  #waiting: () => void = () => {}
  instant = true

  readonly verify = (): void | Promise<void> => {
    if (this.instant) return
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject })
      this.#waiting()
    })
  }

  async next(): Promise<{ resolve: () => void; reject: (error: Error) => void }> {
    while (this.#asked.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve))
    return this.#asked.shift()!
  }
}

const add = (store: JournalStore, sequence: number): void =>
  store.add(
    {
      holder: queueHolder('orders'),
      producerId: 'ID:p',
      producerSequenceId: sequence,
      bytes: Buffer.from(`message ${sequence}`),
    },
    sequence,
  )

async function opened(): Promise<{ store: JournalStore; proofs: SlowProofs; answers: number[] }> {
  const proofs = new SlowProofs()
  const store = createJournalStore({ disk: new SimulatedDisk() })
  await store.open({ term: 1, verify: proofs.verify })
  proofs.instant = false
  return { store, proofs, answers: [] }
}

test('answers wait for a proof that takes time, and leave in order', async () => {
  const { store, proofs, answers } = await opened()
  add(store, 1)
  store.whenDurable(() => void answers.push(1))
  const first = await proofs.next()
  add(store, 2)
  const done = new Promise<void>((resolve) => {
    store.whenDurable(() => {
      answers.push(2)
      resolve()
    })
  })
  expect(answers).toEqual([])
  first.resolve()
  const second = await proofs.next()
  expect(answers).toEqual([1])
  second.resolve()
  await done
  expect(answers).toEqual([1, 2])
})

test('after a failed proof nothing is answered any more, and the store has failed', async () => {
  const { store, proofs, answers } = await opened()
  add(store, 1)
  store.whenDurable(() => void answers.push(1))
  const proof = await proofs.next()
  proof.reject(new Error('Another member took over'))
  expect((await store.failed).message).toContain('Another member took over')
  add(store, 2)
  store.whenDurable(() => void answers.push(2))
  await store.close()
  expect(answers).toEqual([])
})

test('who waits for nothing new is not overtaken while a proof is on its way', async () => {
  const { store, proofs, answers } = await opened()
  store.whenDurable(() => void answers.push(1))
  add(store, 1)
  store.whenDurable(() => void answers.push(2))
  const idle = await proofs.next()
  const proof = await proofs.next()
  expect(answers).toEqual([1])
  idle.resolve()
  proof.resolve()
  await new Promise<void>((resolve) => store.whenDurable(resolve))
  expect(answers).toEqual([1, 2])
})

test('the proof is asked for after the durable write: one from before would say nothing about what was written meanwhile', async () => {
  const disk = new SimulatedDisk()
  const events: string[] = []
  const store = createJournalStore({ disk })
  await store.open({ term: 1, verify: () => void events.push('proof') })
  events.length = 0
  disk.fail = (operation) => void events.push(operation)
  add(store, 1)
  await new Promise<void>((resolve) =>
    store.whenDurable(() => {
      events.push('answer')
      resolve()
    }),
  )
  expect(events).toEqual(['writeDurably', 'proof', 'answer'])
  await store.close()
})
