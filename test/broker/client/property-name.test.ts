import { expect, test } from '@jest/globals'
import { checkForeignPropertyName, checkPropertyName } from '../../../broker/client/property-name.ts'

test.each(['a', '_', '$', 'a1', 'größe', 'ключ', 'JMSXGroupID', 'JMSXGroupSeq', 'JMS_AMQP_NATIVE', 'likely', 'Ⅷ'])(
  'a name: %s',
  (name) => {
    expect(() => checkPropertyName('property', name)).not.toThrow()
  },
)

test.each([
  ['1a', 'name of a property is "1a"; accepted is an identifier: letters, digits, _ and $'],
  ['a-b', 'is "a-b"; accepted is an identifier'],
  ['a.b', 'is "a.b"; accepted is an identifier'],
  ['a b', 'is "a b"; accepted is an identifier'],
  ['NULL', 'is "NULL"; accepted is a name that is no word of selectors'],
  ['Between', 'is "Between"; accepted is a name that is no word of selectors'],
])('no identifier: %s', (name, reason) => {
  expect(() => checkPropertyName('property', name)).toThrow(reason)
  expect(() => checkForeignPropertyName('property', name)).not.toThrow()
})

test.each([
  ['', 'is ""; accepted is a text that is not empty'],
  [7, 'is 7; accepted is a text that is not empty'],
  ['JMSCorrelationID', 'is "JMSCorrelationID"; accepted is the field correlationId of the message'],
  ['JMSExpiration', 'accepted is the option timeToLive of the send'],
  ['JMSTimestamp', 'accepted is none: the producer sets it'],
  ['JMSXDeliveryCount', 'accepted is of the names that begin with JMSX JMSXGroupID and JMSXGroupSeq'],
  ['JMSXUserID', 'accepted is of the names that begin with JMSX'],
])('never: %p', (name, reason) => {
  for (const checkName of [checkPropertyName, checkForeignPropertyName])
    expect(() => checkName('property', name)).toThrow(
      expect.objectContaining({
        className: 'javax.jms.MessageFormatException',
        message: expect.stringContaining(reason),
      }),
    )
})
