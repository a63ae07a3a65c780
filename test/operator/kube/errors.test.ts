import { expect, test } from '@jest/globals'
import { isGone, KubeApiError, KubeUnreachableError } from '../../../operator/kube/errors.ts'

const invalid = (...fields: string[]): KubeApiError =>
  new KubeApiError(422, 'Invalid', 'is invalid', { details: { causes: fields.map((field) => ({ field })) } })

test.each([
  ['nothing has the name', new KubeApiError(404, 'NotFound', 'not found'), true],
  ['another object has the name', invalid('metadata.uid'), true],
  ['a value is refused', invalid('spec.replicas'), false],
  ['a refusal says no more', new KubeApiError(422, 'Invalid', 'is invalid'), false],
  ['somebody else was faster', new KubeApiError(409, 'Conflict', 'was modified'), false],
  ['nobody answers', new KubeUnreachableError('connection refused'), false],
])('an object is gone, or not, if %s', (_, error, gone) => {
  expect(isGone(error)).toBe(gone)
})
