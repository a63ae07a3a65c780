import { expect, test } from '@jest/globals'
import { FlotillaError } from '../../../broker/base/errors.ts'
import { JmsError, jmsErrorOf } from '../../../broker/client/jms-error.ts'
import { TransportError } from '../../../broker/client/transport/transport-error.ts'

test('an error is named after its JMS class', () => {
  const error = new JmsError('javax.jms.InvalidDestinationException', 'no such queue')
  expect(error).toBeInstanceOf(JmsError)
  expect([error.name, error.className]).toEqual([
    'InvalidDestinationException',
    'javax.jms.InvalidDestinationException',
  ])
  expect(String(error)).toBe('InvalidDestinationException: no such queue')
})

test('what the transport says is said in JMS words, and bugs stay what they are', () => {
  const lost = new TransportError('lost')
  expect(jmsErrorOf(lost)).toMatchObject({ name: 'JMSException', message: 'lost', cause: lost })
  expect(jmsErrorOf(new TransportError('who?', { code: 'USER_REFUSED' })).name).toBe('SecurityException')
  expect(jmsErrorOf(new FlotillaError('OTHER', 'other'))).toMatchObject({ name: 'JMSException', message: 'other' })
  for (const error of [new JmsError('javax.jms.JMSException', 'x'), new TypeError('bug')])
    expect(jmsErrorOf(error)).toBe(error)
})
