// What Java's toString says of the exception that ActiveMQ makes of one on the wire.
import { expect, test } from '@jest/globals'
import { causeText } from '../../../broker/openwire/throwable-text.ts'

const throwable = (className: string | null, message: string | null) => ({
  className,
  message,
  stackTrace: [],
  cause: { className: 'java.lang.Error', message: 'inner', stackTrace: [], cause: null },
})

test.each([
  ['java.lang.Throwable', 'Delivery[7] exceeds', 'java.lang.Throwable: Delivery[7] exceeds'],
  ['java.lang.IllegalStateException', '', 'java.lang.IllegalStateException: '],
  ['java.lang.RuntimeException', null, 'java.lang.RuntimeException'],
  ['javax.jms.JMSException', 'm', 'javax.jms.JMSException: m'],
  ['jakarta.jms.JMSException', 'm', 'jakarta.jms.JMSException: m'],
  ['com.example.OwnException', 'm', 'java.lang.Throwable: com.example.OwnException: m'],
  ['Apache.NMS.NMSException', null, 'java.lang.Throwable: Apache.NMS.NMSException: null'],
  [null, 'm', 'java.lang.Throwable: m'],
  [null, null, 'java.lang.Throwable'],
])('%s with message %p is "%s"', (className, message, text) => {
  expect(causeText(throwable(className, message))).toBe(text)
})
