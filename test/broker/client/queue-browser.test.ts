import { expect, test } from '@jest/globals'
import { buildMessageCommand } from '../../../broker/client/message.ts'
import { buildEmptyDispatch } from '../../../broker/openwire/build-commands.ts'
import type { ConsumerInfo } from '../../../broker/wire/openwire/commands.ts'
import { summary, world } from './client-harness.ts'

const producerId = { kind: 'ProducerId', connectionId: 'ID:p-1:1', sessionId: 1, value: 1 } as const

async function browsing(prefetchSize: number, selector?: string) {
  const { session, transport, connection } = await world('auto')
  const browse = session.browse(`A,B?consumer.prefetchSize=${prefetchSize}`, selector)
  const first = browse.next()
  const { consumerId, destination, ...info } = transport.sent.findLast(
    ({ kind }) => kind === 'ConsumerInfo',
  ) as ConsumerInfo
  const message = (sequence: number) =>
    buildMessageCommand(
      { body: `m${sequence}` },
      {
        producerId,
        sequence,
        destination: { kind: 'queue', name: 'A' },
        transactionId: null,
        persistent: true,
        priority: 4,
        expiration: 0,
        timestamp: 0,
        compress: false,
      },
    )
  const dispatch = (...sequences: number[]): void => {
    for (const sequence of sequences)
      transport.listener.command({
        kind: 'MessageDispatch',
        commandId: 0,
        responseRequired: false,
        consumerId,
        destination,
        message: message(sequence),
        redeliveryCounter: 0,
      })
  }
  const end = (): void => transport.listener.command(buildEmptyDispatch(consumerId))
  const removed = (): boolean =>
    transport.sent.some((command) => command.kind === 'RemoveInfo' && command.objectId === consumerId)
  return { browse, first, info, destination, transport, connection, session, dispatch, end, removed }
}

test('asks with selector and all names, and closes at the end', async () => {
  const { browse, first, info, destination, dispatch, end, removed } = await browsing(10, 'a = 1')
  expect(info).toMatchObject({ browser: true, prefetchSize: 10, selector: 'a = 1' })
  expect(destination).toMatchObject({ kind: 'ActiveMQQueue', physicalName: 'A,B' })
  dispatch(1, 2)
  end()
  expect((await first).value!.text).toBe('m1')
  expect((await browse.next()).value!.text).toBe('m2')
  expect(removed()).toBe(false)
  expect(await browse.next()).toEqual({ value: undefined, done: true })
  expect(removed()).toBe(true)
})

test('lets the broker send more when half of what it may send ahead was handed out, and says nothing after the end', async () => {
  const { browse, first, transport, dispatch, end } = await browsing(4)
  dispatch(1, 2, 3, 4)
  await first
  for (let i = 0; i < 3; i++) await browse.next()
  expect(summary(transport.acks)).toEqual(['2: 1..2 (2)'])
  dispatch(5, 6)
  await browse.next()
  expect(summary(transport.acks)).toEqual(['2: 1..2 (2)', '2: 3..4 (2)'])
  end()
  for (let i = 0; i < 2; i++) await browse.next()
  expect(transport.acks).toHaveLength(2)
})

test('is closed by who leaves it early', async () => {
  const { browse, first, dispatch, removed } = await browsing(2)
  dispatch(1, 2)
  await first
  await browse.return()
  expect(removed()).toBe(true)
})

test('ends with an error when the connection is lost, and the next broker does not go on with it', async () => {
  const { browse, first, transport, dispatch, removed } = await browsing(2)
  dispatch(1)
  await first
  transport.listener.interrupted('tcp://a:1', new Error('cut'))
  dispatch(1, 2)
  await expect(browse.next()).rejects.toThrow('Cannot browse further: the connection was lost or closed')
  expect(removed()).toBe(true)
  expect(transport.acks).toEqual([])
})

test('ends with an error when its session is closed', async () => {
  const { browse, first, session, dispatch, removed } = await browsing(2)
  dispatch(1)
  await first
  await session.close()
  await expect(browse.next()).rejects.toThrow('Cannot browse further')
  expect(removed()).toBe(false)
})
