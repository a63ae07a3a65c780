import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ConfigError,
  defaultBrokerConfig,
  loadBrokerConfig,
  parseBrokerConfigText,
} from '../../../broker/config/load.ts'
import { memoryLimitBytes } from '../../../broker/config/memory-limit.ts'

test('without a file: OpenWire on 61616, admin port 8161, a journal', () => {
  expect(defaultBrokerConfig()).toMatchObject({
    store: { type: 'Journal' },
    transportConnectors: [{ name: 'openwire', port: 61_616 }],
    admin: { port: 8161 },
  })
})

test.each([
  ['YAML', 'brokerName: orders\nstore: {type: Memory}\n'],
  ['JSON', '{"brokerName": "orders", "store": {"type": "Memory"}}'],
])('%s is read, with every default filled in', async (_name, text) => {
  expect(await parseBrokerConfigText('file', text)).toEqual({
    ...defaultBrokerConfig(),
    brokerName: 'orders',
    store: { type: 'Memory' },
  })
})

test('an empty file is all defaults', async () => {
  expect(await parseBrokerConfigText('file', '\n')).toEqual(defaultBrokerConfig())
  expect(await parseBrokerConfigText('file', '# nothing yet\n')).toEqual(defaultBrokerConfig())
})

test('every problem is told with path, what was given and what is accepted', async () => {
  const text = 'brokerName: 1\nmemoryLimit: lots\nadmin: {port: 8161, hots: x}\n'
  const error = await parseBrokerConfigText('broker.yaml', text).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).message.split('\n')).toEqual([
    'Cannot use configuration broker.yaml: 3 problems',
    '  brokerName: got 1, expected string, received number',
    '  memoryLimit: got "lots", expected 1% to 90% of the memory available to the process, or a size such as 512Ki, 64Mi, 2Gi of at least 1Mi',
    '  admin.hots: got "x", there is no such field',
  ])
})

test('also what is wrong between connectors, and a store that there is not', async () => {
  const connectors = '[{name: a}, {name: a, port: 1}, {name: b, port: 1}]'
  const text = `store: {type: JDBC}\nadmin: {port: 99999}\ntransportConnectors: ${connectors}\n`
  const error = await parseBrokerConfigText('broker.yaml', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).message.split('\n').slice(1)).toEqual([
    '  store.type: got "JDBC", expected one of "Journal"|"Memory"',
    '  admin.port: got 99999, expected number to be <=65535',
    '  transportConnectors[1].name: got "a", already used by transportConnectors[0]',
    '  transportConnectors[2].port: got 1, already used by transportConnectors[1]',
  ])
})

test.each([
  ['64Mi', '64Mi'],
  [undefined, undefined],
])('the limit of a memory store may be %s', async (limit, expected) => {
  const text = JSON.stringify({ store: { type: 'Memory', limit } })
  expect((await parseBrokerConfigText('file', text)).store).toEqual({ type: 'Memory', ...(expected && { limit }) })
})

test.each(['1Ki', 'lots'])('a memory store of %s is refused', async (limit) => {
  await expect(parseBrokerConfigText('file', `store: {type: Memory, limit: ${limit}}`)).rejects.toThrow(
    `store.limit: got "${limit}", expected a size such as 512Ki, 64Mi, 2Gi`,
  )
})

test('a store that could not get any space back is refused', async () => {
  await expect(parseBrokerConfigText('file', 'store: {type: Journal, limit: 64Mi}')).rejects.toThrow(
    'store.limit: got "64Mi", expected at least 4 times maxFileLength, or no space would ever come back',
  )
})

test.each([
  ['a list', '- a\n', 'expected object'],
  ['no YAML', 'a: [b\n', 'a: [b'],
  ['two documents', 'a: 1\n---\nb: 2\n', 'got 2 YAML documents, expected one'],
])('%s is refused as a whole', async (_name, text, expected) => {
  await expect(parseBrokerConfigText('file', text)).rejects.toThrow(expected)
})

test('a file that is not there is named', async () => {
  await expect(loadBrokerConfig('/no/such/file')).rejects.toThrow(
    'Cannot use configuration /no/such/file: 1 problem\n  configuration: got a path where there is no file',
  )
})

test('a file is loaded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-config-'))
  try {
    const file = join(directory, 'broker.yaml')
    writeFileSync(file, 'brokerName: orders\n')
    expect((await loadBrokerConfig(file)).brokerName).toBe('orders')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a memory limit is a size or a share of what there is', () => {
  expect(memoryLimitBytes('25%', 1000)).toBe(250)
  expect(memoryLimitBytes('2Mi', 1000)).toBe(2 * 2 ** 20)
})

test.each(['0', '0B', '4Mi', '50Gi'])('a temp limit may be %s', async (tempLimit) => {
  expect(await parseBrokerConfigText('file', JSON.stringify({ tempLimit }))).toMatchObject({ tempLimit })
})

test.each(['3Mi', '4194303', 'lots', '-1', '50%', ''])('a temp limit of %j is refused', async (tempLimit) => {
  await expect(parseBrokerConfigText('file', JSON.stringify({ tempLimit }))).rejects.toThrow(
    `tempLimit: got ${JSON.stringify(tempLimit)}, expected a size such as 512Ki, 64Mi, 2Gi of at least 4Mi, or 0 for none`,
  )
})
