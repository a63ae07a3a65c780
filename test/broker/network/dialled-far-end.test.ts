import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { parseEndpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { commandIdAt, responseRequiredAt } from '../../../broker/message/forwarded-form.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { DialledFarEnd } from '../../../broker/network/dialled-far-end.ts'
import { refusalText } from '../../../broker/network/refusal-text.ts'
import {
  buildExceptionResponse,
  buildKeepAlive,
  buildResponse,
  buildSessionInfo,
} from '../../../broker/openwire/build-commands.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { buildBrokerInfo } from '../../../broker/openwire/build-commands.ts'
import type { BrokerInfo, Command } from '../../../broker/wire/openwire/commands.ts'
import { buildThrowable } from '../../../broker/wire/openwire/throwable.ts'
import { initialWireFormat } from '../../../broker/wire/openwire/wire-format.ts'
import { testMessage } from '../../support/test-message.ts'
import { FakeNetwork, settle } from '../client/transport/fake-network.ts'

const header = { producerId: 'A->B:2:1:1', brokerId: 'ID:A', useCompression: false }
const infoOfB = buildBrokerInfo({ brokerName: 'B', brokerId: 'ID:B', brokerUrl: 'tcp://b:61616' })

class Heard {
  readonly brokers: BrokerInfo[] = []
  readonly commands: Command[] = []
  readonly messages: Buffer[] = []
  readonly failures: string[] = []
  relievedTimes = 0

  introduced(info: BrokerInfo): void {
    this.brokers.push(info)
  }

  command(command: Command): void {
    this.commands.push(command)
  }

  message(stored: Buffer): void {
    this.messages.push(stored)
  }

  relieved(): void {
    this.relievedTimes++
  }

  failed(error: Error): void {
    this.failures.push(error.message)
  }
}

async function setUp({ version = 12, introduced = true } = {}) {
  const dialled = new FakeNetwork()
  dialled.up.add('b')
  const heard = new Heard()
  const far = new DialledFarEnd(dialled.dial, parseEndpoint('tcp://b:61616'), heard, new ManualClock())
  const channel = dialled.last
  channel.format = { ...initialWireFormat, version, peerProvider: 'ActiveMQ' }
  await settle()
  if (introduced) channel.receive(infoOfB)
  return { far, heard, channel }
}

function delivery(number: number): Delivery {
  const destination = { kind: 'queue', name: 'Q' } as const
  const message = testMessage({ destination, producerSequenceId: number, persistent: true, body: `order ${number}` })
  return { consumerId: 'A->B:1:1:1', destination, message, sequence: number, redeliveryCounter: 0 }
}

test('the other broker says who it is, once, before everything else', async () => {
  const { far, heard, channel } = await setUp({ introduced: false })
  channel.receive(buildKeepAlive(1))
  expect(heard.commands).toEqual([])
  channel.receive(infoOfB)
  channel.receive(infoOfB)
  expect([heard.brokers, heard.commands]).toEqual([[infoOfB], [infoOfB]])
  expect([far.address, far.version, far.provider]).toEqual(['tcp://b:61616', 12, 'ActiveMQ'])
})

test('commands are numbered, and answers found in whichever order', async () => {
  const { far, channel } = await setUp()
  const answers: string[] = []
  const note = (name: string) => (refusal: Parameters<typeof refusalText>[0]) =>
    void answers.push(`${name} ${refusal ? refusalText(refusal) : 'done'}`)
  far.send(buildSessionInfo('A->B:2', 1))
  far.request(buildSessionInfo('A->B:2', 2), note('one'))
  far.request(buildSessionInfo('A->B:2', 3), note('two'))
  expect(channel.sent).toMatchObject([
    { commandId: 1, responseRequired: false },
    { commandId: 2, responseRequired: true },
    { commandId: 3, responseRequired: true },
  ])
  expect(far.awaitsAnswers).toBe(true)
  channel.receive(buildExceptionResponse(3, buildThrowable('javax.jms.JMSException', 'no room')))
  for (let times = 0; times < 2; times++) channel.receive(buildResponse(2))
  channel.receive(buildResponse(99))
  expect(answers).toEqual(['two no room', 'one done'])
  expect(far.awaitsAnswers).toBe(false)
})

test('messages go out in their stored form, with a number and whether they are to be answered', async () => {
  const { far, channel } = await setUp()
  const answers: (object | null)[] = []
  far.send(buildSessionInfo('A->B:2', 1))
  far.forward(delivery(1), header, (refusal) => void answers.push(refusal))
  far.forward(delivery(2), header, null)
  const sent = channel.frames.map((frame) => [frame.readInt32BE(commandIdAt), frame[responseRequiredAt]])
  expect(sent).toEqual([
    [2, 1],
    [3, 0],
  ])
  const message = StoredMessage.scan(channel.frames[0]!)
  expect([message.producerSequenceId, message.brokerPath]).toEqual([1, ['ID:A']])
  channel.receive(buildResponse(2))
  expect(answers).toEqual([null])
})

test('a broker that does not read stored forms gets the same as commands', async () => {
  const { far, channel } = await setUp({ version: 9 })
  far.forward(delivery(1), header, () => {})
  far.forward(delivery(2), header, null)
  expect(channel.frames).toEqual([])
  expect(channel.sent).toMatchObject([
    {
      kind: 'ActiveMQBytesMessage',
      commandId: 1,
      responseRequired: true,
      producerId: { connectionId: 'A->B:2', sessionId: 1, value: 1 },
      brokerPath: [{ value: 'ID:A' }],
    },
    { commandId: 2, responseRequired: false },
  ])
})

test('messages that come are not decoded, and are no view of what the next ones overwrite', async () => {
  const { heard, channel } = await setUp()
  const frame = Buffer.from(delivery(1).message.bytes)
  const text = Buffer.from(frame)
  expect(channel.receiveFrame(frame)).toBe(true)
  frame.fill(0)
  expect(heard.messages).toEqual([text])
  expect(channel.receiveFrame(Buffer.from([30]))).toBe(false)
})

test('they are where its frames are no stored forms, or it is not known yet who it is', async () => {
  const frame = Buffer.from(delivery(1).message.bytes)
  const old = await setUp({ version: 9 })
  expect(old.channel.receiveFrame(frame)).toBe(false)
  const unknown = await setUp({ introduced: false })
  expect(unknown.channel.receiveFrame(frame)).toBe(false)
})

test('it is congested from when the socket takes no more until it does', async () => {
  const { far, heard, channel } = await setUp()
  far.forward(delivery(1), header, null)
  expect(far.congested).toBe(false)
  channel.fill()
  for (const number of [2, 3]) far.forward(delivery(number), header, null)
  expect(far.congested).toBe(true)
  channel.drain()
  await settle()
  expect([far.congested, heard.relievedTimes]).toEqual([false, 1])
})

test('what was to be answered when the connection fails is not', async () => {
  const { far, heard, channel } = await setUp()
  let answered = 0
  far.forward(delivery(1), header, () => answered++)
  channel.cut()
  channel.receive(buildResponse(1))
  expect([heard.failures, answered, far.awaitsAnswers]).toEqual([['cut'], 0, false])
})

test('reading pauses and goes on, and ends with close', async () => {
  const { far, channel } = await setUp()
  far.pause()
  expect(channel.paused).toBe(true)
  far.resume()
  expect(channel.paused).toBe(false)
  far.request(buildSessionInfo('A->B:2', 1), () => {})
  far.close()
  expect([channel.closed, far.awaitsAnswers]).toEqual([true, false])
})
