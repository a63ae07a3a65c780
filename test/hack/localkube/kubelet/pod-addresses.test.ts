import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PodAddresses } from '../../../../hack/localkube/kubelet/pod-addresses.ts'
import { ProcessTable } from '../../../../hack/localkube/kubelet/process-table.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubelet-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('each pod has its own loopback address, the same again after a restart', () => {
  const file = join(directory, 'addresses.json')
  const first = new PodAddresses(file, directory)
  const addresses = ['a/web-0', 'a/web-1', 'b/web-0'].map((key) => first.acquire(key))
  expect(new Set(addresses).size).toBe(3)
  for (const address of addresses) expect(address).toMatch(/^127\.(6[4-9]|[789]\d|1[0-8]\d|19[01])\.\d+\.\d+$/)
  first.release('a/web-0')
  expect(new PodAddresses(file, 'other seed').acquire('a/web-0')).toBe(addresses[0])
})

test('stand-ins of different data directories have different addresses', () => {
  const given = Array.from({ length: 50 }, (_, index) => {
    const addresses = new PodAddresses(join(directory, `addresses-${index}.json`), `directory ${index}`)
    return ['a/web-0', 'a/web-1', 'b/web-0'].map((key) => addresses.acquire(key))
  }).flat()
  expect(new Set(given).size).toBe(150)
})

test('a torn address file costs the addresses, not the start', () => {
  const file = join(directory, 'addresses.json')
  writeFileSync(file, '{"a/web-0": "127.')
  expect(new PodAddresses(file, 'x').acquire('a/web-0')).toMatch(/^127\./)
})

test('network-looking addresses are left out', () => {
  const addresses = new PodAddresses(join(directory, 'addresses.json'), 'x')
  const given = Array.from({ length: 600 }, (_, index) => addresses.acquire(`a/${index}`))
  expect(new Set(given).size).toBe(600)
  expect(given.filter((address) => /\.(0|255)$/.test(address))).toEqual([])
})

test('ends what an earlier run left behind, and no stranger that got the pid', async () => {
  const folder = join(directory, 'processes')
  const table = new ProcessTable(folder)
  const children = [0, 1].map(() => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }))
  await Promise.all(children.map((child) => once(child, 'spawn')))
  const [left, stranger] = children.map((child) => child.pid!)
  table.add(left!)
  writeFileSync(join(folder, `${stranger}.json`), JSON.stringify({ startTime: 'some other time' }))
  writeFileSync(join(folder, '99999999.json'), 'torn')
  const ended = once(children[0]!, 'exit')
  expect(new ProcessTable(folder).endStale()).toEqual([left])
  expect((await ended)[1]).toBe('SIGKILL')
  expect(readdirSync(folder)).toEqual([])
  expect(children[1]!.exitCode ?? children[1]!.signalCode).toBeNull()
  children[1]!.kill('SIGKILL')
  await once(children[1]!, 'exit')
})
