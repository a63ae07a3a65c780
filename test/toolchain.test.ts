import { expect, test } from '@jest/globals'
test('the tests run on the Node that the package pins', () => {
  const version: string = process.versions.node
  expect(version).toMatch(/^26\./)
})
