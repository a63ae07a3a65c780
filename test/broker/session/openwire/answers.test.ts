import { expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import { gone } from '../../../../broker/routing/destination-name.ts'
import { buildUnaskedRefusal, buildRefusal } from '../../../../broker/session/openwire/answers.ts'

test('a refusal is the exception that ActiveMQ throws, with our text', () => {
  const refusal = new RefusalError('INVALID_DESTINATION', 'Cannot use it: it is wrong')
  const exception = { className: 'javax.jms.InvalidDestinationException', message: 'Cannot use it: it is wrong' }
  expect(buildRefusal(7, refusal)).toMatchObject({ correlationId: 7, exception })
  expect(buildUnaskedRefusal(refusal)).toMatchObject({ exception })
})

test('of a temporary destination that is gone clients want the name alone', () => {
  const refusal = gone({ kind: 'temp-queue', name: 'ID:host-1:1:1' })
  const exception = {
    className: 'org.apache.activemq.DestinationDoesNotExistException',
    message: 'temp-queue://ID:host-1:1:1',
  }
  expect(buildRefusal(7, refusal)).toMatchObject({ exception })
  expect(buildUnaskedRefusal(refusal)).toMatchObject({ exception })
})
