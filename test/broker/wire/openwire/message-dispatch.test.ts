import { expect, test } from '@jest/globals'
import type { ConsumerId, DataStructure, MessageCommand } from '../../../../broker/wire/openwire/commands.ts'
import {
  DispatchTemplate,
  encodeLooseDispatch,
  encodeResponse,
} from '../../../../broker/wire/openwire/message-dispatch.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { initialWireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import * as fc from 'fast-check'
import { arbitraryStructure } from './arbitrary-command.ts'

const consumerId: ConsumerId = { kind: 'ConsumerId', connectionId: 'ID:host-1-1:1', sessionId: -1, value: 2 ** 33 }
const destination = { kind: 'ActiveMQTopic', physicalName: 'größe' } as const

test.each([10, 11, 12])('a dispatch without the encoder has the same bytes as with it, in version %d', (version) => {
  const codec = new OpenWireCodec({ ...initialWireFormat, version })
  fc.assert(
    fc.property(arbitraryStructure('ActiveMQTextMessage', 12), fc.nat(), (structure, redeliveryCounter) => {
      const message = structure as MessageCommand
      const dispatch: DataStructure = {
        kind: 'MessageDispatch',
        commandId: 0,
        responseRequired: false,
        consumerId,
        destination,
        message,
        redeliveryCounter,
      }
      // Structures that only version 12 has can stand in dataStructure; the stored form is that of version 12.
      const frames = encodeLooseDispatch(consumerId, destination, storedFormOf(message), redeliveryCounter)
      expect(Buffer.concat(frames)).toEqual(codec.encode(dispatch))
    }),
    { numRuns: 30 },
  )
})

test('the stored message is passed through, not copied', () => {
  const stored = Buffer.from([28, 1, 2, 3])
  const template = new DispatchTemplate(consumerId, destination)
  expect(template.dispatch(stored, 0)[1]).toBe(stored)
  expect(template.dispatch(stored, 1)[2]).toEqual(Buffer.from([0, 0, 0, 1]))
  expect(template.dispatch(stored, 0)[2]).toEqual(Buffer.from([0, 0, 0, 0]))
})

test.each([true, false])('a response without the encoder has the same bytes as with it, tight: %p', (tight) => {
  const codec = new OpenWireCodec({ ...initialWireFormat, version: 12, tightEncodingEnabled: tight })
  const response: DataStructure = {
    kind: 'Response',
    commandId: 0,
    responseRequired: false,
    correlationId: 0x7654_3210,
  }
  expect(encodeResponse(0x7654_3210, tight)).toEqual(codec.encode(response))
})
