// What comes back over a duplex bridge, into a real region.
import { expect, test } from '@jest/globals'
import { RefusalError } from '../../../broker/base/errors.ts'
import { commandIdAt, responseRequiredAt } from '../../../broker/message/forwarded-form.ts'
import { buildMessage } from '../../../broker/message/build-message.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { DuplexIntake } from '../../../broker/network/duplex-intake.ts'
import { FakeRegion } from '../../support/fake-region.ts'
import { testMessage } from '../../support/test-message.ts'
import { RegionHarness } from '../region/region-harness.ts'
import { nestedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import { subscriptionsOf } from './demand/demand-harness.ts'
import { FakeFarEnd } from './fake-far-end.ts'

function fromB(number: number, { commandId = number, responseRequired = true } = {}): StoredMessage {
  const message = testMessage({
    destination: { kind: 'queue', name: 'Q' },
    producerSequenceId: number,
    persistent: true,
    brokerPath: ['ID:B'],
  })
  message.bytes.writeInt32BE(commandId, commandIdAt)
  message.bytes[responseRequiredAt] = responseRequired ? 1 : 0
  return StoredMessage.scan(message.bytes)
}

const options = { connectionId: 'A->B:3', clientId: 'NC_B_inbound_duplex_A', failed: () => {} }

test('is answered when it is durable, by the number that it came with, where an answer is asked for', () => {
  const region = new FakeRegion()
  region.holdsSends = true
  const far = new FakeFarEnd()
  const intake = new DuplexIntake({ region, far, ...options })
  intake.take(fromB(1, { commandId: 17 }))
  intake.take(fromB(2, { responseRequired: false }))
  expect([far.sent, intake.received]).toEqual([[], 2])
  for (const done of region.waiting) done()
  expect(far.sent).toMatchObject([{ kind: 'Response', correlationId: 17 }])
})

test('what the region refuses is refused to the other broker', () => {
  const region = new FakeRegion()
  const far = new FakeFarEnd()
  const intake = new DuplexIntake({ region, far, ...options })
  region.refusals.set('send', new RefusalError('RESOURCE_LIMIT', 'Cannot send: no room'))
  intake.take(fromB(1))
  intake.take(fromB(2, { responseRequired: false }))
  expect(far.sent).toMatchObject([
    {
      kind: 'ExceptionResponse',
      correlationId: 1,
      exception: { className: 'javax.jms.JMSException', message: 'Cannot send: no room' },
    },
  ])
})

test('it is another broker for the region, and nothing of it is left when it closes', async () => {
  const harness = await RegionHarness.start({ brokerId: 'ID:A' })
  const intake = new DuplexIntake({ region: harness.region, far: new FakeFarEnd(), ...options })
  intake.take(fromB(1))
  await harness.settle()
  const { received, deliveries } = harness.connect().consume('queue://Q')
  expect(received).toEqual([1])
  expect(deliveries[0]!.message.brokerPath).toEqual(['ID:B'])
  intake.close()
  expect(() => new DuplexIntake({ region: harness.region, far: new FakeFarEnd(), ...options })).not.toThrow()
})

test('the region stops the reading of its connection, and asks whether it waits for answers', () => {
  const region = new FakeRegion()
  const far = new FakeFarEnd()
  const intake = new DuplexIntake({ region, far, ...options })
  const port = region.ports.get('A->B:3')!
  port.pause()
  expect(far.paused).toBe(true)
  port.resume()
  expect(far.paused).toBe(false)
  far.awaitsAnswers = true
  expect(port.awaitsAnswers).toBe(true)
  intake.close()
})

test('what not everybody could read is refused', async () => {
  const harness = await RegionHarness.start({ brokerId: 'ID:A' })
  const far = new FakeFarEnd()
  const intake = new DuplexIntake({ region: harness.region, far, ...options })
  const unreadable = buildMessage({
    destination: { kind: 'queue', name: 'Q' },
    producer: { connectionId: 'ID:B', sessionId: 1, value: 1 },
    producerSequenceId: 1,
    // Older clients do not know it.
    dataStructure: nestedFormOf(subscriptionsOf()),
  })
  unreadable.bytes[responseRequiredAt] = 1
  intake.take(StoredMessage.scan(unreadable.bytes))
  expect(far.sent).toMatchObject([{ kind: 'ExceptionResponse' }])
  expect(harness.of('queue://Q')).toBeUndefined()
})

test('an answer that the other broker does not take ends the bridge, not what the region is doing', async () => {
  const region = new FakeRegion()
  region.holdsSends = true
  const far = new FakeFarEnd()
  const failures: string[] = []
  const intake = new DuplexIntake({ region, far, ...options, failed: ({ message }) => void failures.push(message) })
  intake.take(fromB(1))
  far.send = () => {
    throw new Error('Cannot send ExceptionResponse: too large')
  }
  for (const done of region.waiting) done(new RefusalError('RESOURCE_LIMIT', 'Cannot send: no room'))
  expect(failures).toEqual([])
  await Promise.resolve()
  expect(failures).toEqual(['Cannot send ExceptionResponse: too large'])
})
