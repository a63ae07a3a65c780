import { expect, test } from '@jest/globals'
import { parseJsonPath, valuesAtJsonPath } from '../../../../../hack/localkube/api/print/json-path.ts'

const object = {
  spec: {
    replicas: 3,
    list: [
      { name: 'a', on: true },
      { name: 'b', on: false },
    ],
  },
  metadata: { annotations: { 'a.b/c': 'x' } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}

test.each([
  ['.spec.replicas', [3]],
  ['{.spec.replicas}', [3]],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ['.spec.list[?(@.on==true)].name', ['a']],
  ['.spec.list[*].name', ['a', 'b']],
  ['.spec.list[1].name', ['b']],
  ['.spec.list[-1:].name', []],
  ['.metadata.annotations.a\\.b/c', ['x']],
  [".metadata.annotations['a.b/c']", ['x']],
  ['.constructor', []],
  ['.nope.nope', []],
])('%s', (path, values) => {
  expect(valuesAtJsonPath(object, path)).toEqual(values)
})

test('what is not of the grammar leads nowhere', () => {
  expect(parseJsonPath('..a')).toBeUndefined()
})
