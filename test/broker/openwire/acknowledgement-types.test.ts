import { expect, test } from '@jest/globals'
import { acknowledgementTypeName, acknowledgementTypes } from '../../../broker/openwire/acknowledgement-types.ts'

test('every number has its name, others have none', () => {
  for (const [name, code] of Object.entries(acknowledgementTypes)) expect(acknowledgementTypeName(code)).toBe(name)
  for (const code of [-1, 7]) expect(acknowledgementTypeName(code)).toBeUndefined()
})
