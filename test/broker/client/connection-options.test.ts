// What the options `jms.…` of a URL change.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { Connection } from '../../../broker/client/connection.ts'
import { ReceivedMessage, type Sendable } from '../../../broker/client/message.ts'
import type { SendOptions } from '../../../broker/client/message-producer.ts'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'
import type { MessageCommand } from '../../../broker/wire/openwire/commands.ts'
import { FakeTransport, world } from './client-harness.ts'
import { settle } from './transport/fake-network.ts'

type World = Awaited<ReturnType<typeof world>>

async function sent({ session, transport }: World, message: Sendable, options?: SendOptions): Promise<ReceivedMessage> {
  const producer = await session.createProducer('Q')
  await producer.send(message, options)
  return new ReceivedMessage(transport.sent.at(-1) as MessageCommand, 0, () => Promise.resolve())
}

test('useCompression: bodies are compressed, messages without one are not marked', async () => {
  const all = await world('auto', 'jms.useCompression=true')
  const message = await sent(all, 'x'.repeat(1000))
  expect(message.command.compressed).toBe(true)
  expect(message.command.content!.length).toBeLessThan(100)
  expect(message.text).toBe('x'.repeat(1000))
  expect((await sent(all, {})).command.compressed).toBe(false)
})

test('nestedMapAndListEnabled: off, a value is one value', async () => {
  const list = { type: 'list', value: [1] } as const
  const { session } = await world('auto', 'jms.nestedMapAndListEnabled=false')
  const producer = await session.createProducer('Q')
  await expect(producer.send({ properties: { list } })).rejects.toThrow('type of property list is "list"')
  await expect(producer.send({ body: { list } })).rejects.toThrow('type of map entry list is "list"')
})

test('validatePropertyNames: off, names that others gave can be passed on', async () => {
  const strict = await world('auto')
  await expect(sent(strict, { properties: { 'content-type': 'x' } })).rejects.toThrow(
    'name of a property is "content-type"; accepted is an identifier',
  )
  const all = await world('auto', 'jms.validatePropertyNames=false')
  expect((await sent(all, { properties: { 'content-type': 'x' } })).properties).toEqual({ 'content-type': 'x' })
})

test('disableTimeStampsByDefault: no time of sending, and none of expiry', async () => {
  const all = await world('auto', 'jms.disableTimeStampsByDefault=true')
  all.clock.advance(1000)
  const message = await sent(all, 'x', { timeToLive: 5000 })
  expect([message.timestamp, message.expiration]).toEqual([0, 0])
})

test('exclusiveConsumer, useRetroactiveConsumer: what consumers are unless they say otherwise', async () => {
  const { session } = await world('auto', 'jms.exclusiveConsumer=true&jms.useRetroactiveConsumer=true')
  expect((await session.createConsumer('topic://T')).info).toMatchObject({ exclusive: true, retroactive: true })
  const settings = { exclusive: false, retroactive: false }
  expect((await session.createConsumer('topic://T', settings)).info).toMatchObject(settings)
})

test('consumerExpiryCheckEnabled: off, what expired on the way is handed out', async () => {
  const { clock, consumer, dispatch } = await world('auto', 'jms.consumerExpiryCheckEnabled=false')
  dispatch(1, { expiration: clock.nowMs() + 10 })
  clock.advance(10)
  expect((await consumer.receive())!.text).toBe('m1')
})

test.each([
  ['connectResponseTimeout', 'a broker that does not answer is no broker'],
  ['sendTimeout', 'a send whose answer does not come fails'],
])('%s: %s', async (option) => {
  const clock = new ManualClock()
  const transport = new FakeTransport()
  const { options } = parseConnectionUrl(`tcp://a:1?jms.watchTopicAdvisories=false&jms.${option}=500`)
  const settings = { connectionId: 'ID:c-2:1', clientId: 'c', userName: null, password: null, options, clock }
  const connection = new Connection({ ...settings, random: seededRandom(1) }, transport)
  const isSend = option === 'sendTimeout'
  if (isSend) await connection.open()
  const producer = isSend ? await (await connection.createSession('auto')).createProducer('Q') : null
  transport.answering = false
  const outcome = (producer ? producer.send('x') : connection.open()).catch((error: Error) => error.message)
  await settle()
  clock.advance(500)
  expect(await outcome).toBe(`No answer came within ${option} 500 ms`)
})
