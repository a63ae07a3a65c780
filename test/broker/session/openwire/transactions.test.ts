import { expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import { client, kinds } from './connected-client.ts'
import { connectionId } from './session-harness.ts'
import { consumerInfo, messageAck, producerInfo, textMessage, transactionId, transactionInfo } from './test-commands.ts'

const refusal = new RefusalError('INVALID_REQUEST', 'Cannot do it: the test says so')

const text = `TX:${connectionId}:1`

test('begin, commit and rollback go to the region; end has no effect', () => {
  const { peer, region } = client()
  peer.receive(
    transactionInfo(0, { responseRequired: false }),
    transactionInfo(2),
    transactionInfo(4),
    transactionInfo(7),
  )
  expect([region.of('begin'), region.of('commit'), region.of('rollback')]).toEqual([[[text]], [[text]], [[text]]])
  expect(kinds(peer.takeSent())).toEqual(['Response', 'Response', 'Response'])
})

test('an async send or acknowledgement that fails marks its transaction', () => {
  const { peer, region } = client(producerInfo(), consumerInfo())
  region.refusals.set('send', refusal)
  region.refusals.set('acknowledge', refusal)
  peer.receive(textMessage({ responseRequired: false, transactionId }), messageAck({ transactionId }))
  expect(region.of('failTransaction')).toEqual([
    [text, refusal],
    [text, refusal],
  ])
  expect(kinds(peer.takeSent())).toEqual(['ConnectionError', 'ConnectionError'])
})

test('of another connection have not been started, whatever names them', () => {
  const { peer, region } = client(producerInfo(), consumerInfo())
  const victims = { ...transactionId, connectionId: { kind: 'ConnectionId', value: 'victim' } } as const
  peer.receive(
    transactionInfo(0, { transactionId: victims }),
    transactionInfo(2, { transactionId: victims }),
    transactionInfo(4, { transactionId: victims }),
    textMessage({ transactionId: victims }),
    messageAck({ transactionId: victims, responseRequired: true }),
  )
  const refused = {
    kind: 'ExceptionResponse',
    exception: {
      className: 'javax.jms.JMSException',
      message: "Transaction 'TX:victim:1' has not been started.",
    },
  }
  expect(peer.takeSent()).toMatchObject([refused, refused, refused, refused, refused])
  for (const method of ['begin', 'commit', 'rollback', 'send', 'acknowledge', 'failTransaction'])
    expect(region.of(method)).toEqual([])
})

test.each([1, 3, 5, 6])('XA (type %d) is refused', (type) => {
  const { peer, region } = client()
  const xid = {
    kind: 'XATransactionId',
    formatId: 1,
    globalTransactionId: Buffer.from('g'),
    branchQualifier: Buffer.from('b'),
  } as const
  peer.receive(transactionInfo(type, { transactionId: type === 5 ? null : xid }))
  expect(peer.takeSent()).toMatchObject([
    { exception: { message: expect.stringContaining('XA transactions are not supported') } },
  ])
  expect(region.calls.filter(({ method }) => method !== 'connect')).toEqual([])
})
