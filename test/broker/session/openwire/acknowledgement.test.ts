import { describe, expect, test } from '@jest/globals'
import { client, kinds } from './connected-client.ts'
import { connectionId } from './session-harness.ts'
import { consumerInfo, messageAck } from './test-commands.ts'

describe('acknowledgements', () => {
  test('become what the region understands', () => {
    const { peer, region } = client(consumerInfo())
    peer.receive(
      messageAck({
        ackType: 1,
        messageCount: 3,
        poisonCause: { className: 'java.lang.Throwable', message: 'why', stackTrace: [], cause: null },
      }),
    )
    expect(region.of('acknowledge')).toEqual([
      [
        {
          outcome: 'rejected',
          consumerId: `${connectionId}:1:1`,
          transactionId: null,
          scope: 'range',
          first: null,
          last: expect.objectContaining({
            identity: { producerId: `${connectionId}:1:1`, producerSequenceId: 1 },
            sequence: 17,
          }),
          messageCount: 3,
          credit: 0,
          cause: 'java.lang.Throwable: why',
          responseRequired: false,
        },
      ],
    ])
  })

  test('of an unknown type are refused', () => {
    const { peer } = client(consumerInfo())
    peer.receive(messageAck({ ackType: 9 }))
    expect(kinds(peer.takeSent())).toEqual(['ConnectionError'])
  })
})
