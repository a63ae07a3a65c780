import { afterEach, expect, test } from '@jest/globals'
import { roleAt } from '../../../broker/management/role-at.ts'
import { startBroker, type StartedBroker } from '../../support/started-broker.ts'

let started: StartedBroker
afterEach(() => started.broker.stop())

test('what a member is, by any URL of its admin port; nothing when it does not answer', async () => {
  started = await startBroker()
  const { adminUrl } = started
  for (const url of [adminUrl, `${adminUrl}/watch`]) expect(await roleAt(url)).toMatchObject({ role: 'Active' })
  await started.broker.stop()
  expect(await roleAt(adminUrl)).toBeUndefined()
})
