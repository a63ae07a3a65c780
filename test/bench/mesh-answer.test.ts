// What counts of a mesh whose consumers came and went.
import { describe, expect, test } from '@jest/globals'
import { judgeMesh, type MeshAnswer } from './mesh-answer.ts'

const whole: MeshAnswer = { changes: 500, sent: 1000, undelivered: 0, lost: 0, duplicates: 0, problems: '' }
const used = { cpu: 3, bytes: 2 * 2 ** 20 }

test('what was used is of a thousand consumers that came or left', () => {
  expect(judgeMesh(whole, used)).toEqual({ kibPer1000Changes: 4096, cpuPer1000Changes: 6, stuck: 0, lost: 0 })
})

test('stuck is what came only when each broker had consumers of all queues, lost what did not come at all', () => {
  expect(judgeMesh({ ...whole, undelivered: 7, lost: 2 }, used)).toMatchObject({ stuck: 5, lost: 2 })
})

describe('there is no figure', () => {
  test('when nothing went on', () => {
    expect(() => judgeMesh({ ...whole, changes: 0 }, used)).toThrow('no consumer came or left')
    expect(() => judgeMesh({ ...whole, sent: 0 }, used)).toThrow('no message was sent')
  })

  test('when a client failed', () => {
    expect(() => judgeMesh({ ...whole, problems: 'producer 1: closed' }, used)).toThrow('closed')
  })
})
