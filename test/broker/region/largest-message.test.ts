// A store may take no message of any size: whoever sends a larger one is told, and nothing has happened.
import { expect, test } from '@jest/globals'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness } from './region-harness.ts'

const large = { persistent: true, body: 'x'.repeat(3000) }
const refusal = { state: 'failed', className: 'javax.jms.ResourceAllocationException' }

const started = (): Promise<RegionHarness> =>
  RegionHarness.start({ store: Object.assign(new MemoryStore(), { largestMessageBytes: 2000 }) })

test('a message that the store does not take is refused, and the next one of its producer is none that was there', async () => {
  const harness = await started()
  const client = harness.connect()
  const refused = client.send('queue://Q', large)
  const message = expect.stringContaining('the store takes up to 2000 (limit largestMessageBytes)') as unknown
  expect(refused).toMatchObject({ ...refusal, message })
  const next = client.send('queue://Q', { persistent: true })
  await harness.settle()
  expect(next.state).toBe('done')
  expect(harness.of('queue://Q').size).toBe(1)
})

test('what is not stored may be as large as it is', async () => {
  const harness = await started()
  const client = harness.connect()
  expect(client.send('queue://Q', { ...large, persistent: false }).state).toBe('done')
  const published = client.send('topic://T', large)
  await harness.settle()
  expect(published.state).toBe('done')
})
