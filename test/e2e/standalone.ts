// What users see of a broker by itself: with a volume it comes back with its messages, without one they are in memory.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { events } from '../../hack/localkube/controllers/resource-names.ts'
import { numbersUpTo, receive, send, type Stack, standalone, type StartStack } from '../support/stack.ts'

export function standaloneBrokers(title: string, startStack: StartStack): void {
  describe(`standalone on ${title}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack()
    })
    afterAll(() => stack.stop())

    test('standalone: with a volume a killed broker comes back with its messages', async () => {
      await stack.apply('single', standalone('Volume'))
      const { groups } = await stack.ready('single')
      await send(stack.url('single'), 'KEPT', 20)
      await stack.killMember('single-g0-0')
      const after = await stack.settled('single', (status) => status.groups![0]!.lock!.term! > groups![0]!.lock!.term!)
      expect(after.groups![0]!.active).toBe('single-g0-0')
      expect(stack.pod('single-g0-0')['status'].containerStatuses[0].restartCount).toBe(1)
      expect(await receive(stack.url('single'), 'KEPT', 20)).toEqual(numbersUpTo(20))
    })

    test('standalone: without storage it works, and an Event warns that messages live in memory', async () => {
      await stack.apply('memory', standalone('None'))
      await stack.ready('memory')
      await stack.eventually([events], () => {
        const told = stack
          .list(events)
          .filter(({ regarding, involvedObject }) => (regarding ?? involvedObject)?.name === 'memory')
        const warning = told.find(({ reason }) => reason === 'StorageLess')
        if (!warning) return told.map(({ reason }) => String(reason)).join() || 'there are no Events'
        expect(warning['type']).toBe('Warning')
        expect(warning['note'] ?? warning['message']).toContain('in memory only')
        return true
      })
      await send(stack.url('memory'), 'MEMORY', 20)
      expect(await receive(stack.url('memory'), 'MEMORY', 20)).toEqual(numbersUpTo(20))
    })
  })
}
