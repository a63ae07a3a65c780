// The operator's process is killed by some of its writes, among real brokers, and a new one goes on: each pod is made anew
// once, and the active last. operator-killed-anywhere.test.ts tries every write.
import { describe, expect, test } from '@jest/globals'
import { configMaps, pods } from '../../hack/localkube/controllers/resource-names.ts'
import { masterSlave, type Stack, type StartStack } from '../support/stack.ts'

const name = 'orders'
const changed = { broker: { memoryLimit: '40%' } }

export function operatorProcessKilled(title: string, startStack: StartStack): void {
  describe(`operator-process-killed on ${title}`, () => {
    test('operator-killed-anywhere: the process, in the middle of creating and of rolling out', async () => {
      // Counted from 1: among the children, at the first label, and whenever it has just deleted a pod.
      const deadly = new Set([2, 6, 9])
      let writes = 0
      let killed = 0
      let dying = false
      let restart: Promise<void> = Promise.resolve()
      const stack: Stack = await startStack({
        faults: ({ method, path }) => {
          const isOperators = path.includes('fieldManager=flotilla-operator') || method === 'DELETE'
          // What a killed process had sent before is let through.
          if (method === 'GET' || !isOperators || dying) return undefined
          writes++
          if (!deadly.has(writes) && method !== 'DELETE') return undefined
          killed++
          // Dead before its write arrives; whether it takes effect alternates.
          dying = true
          restart = stack.endOperator('SIGKILL').then(() => {
            dying = false
            stack.startOperator()
          })
          return method === 'DELETE' || killed % 2 === 0 ? undefined : 'drop'
        },
      })
      try {
        await stack.apply(name, masterSlave())
        const { groups } = await stack.ready(name)
        expect(killed).toBe(deadly.size)
        const before = stack.pods(name).map(({ metadata }) => metadata)
        const uids = new Set<string>()
        const watch = stack.watch(pods, ({ object }) => uids.add(object.metadata.uid))
        await stack.apply(name, masterSlave(changed))
        const after = await stack.settled(name, (status) => status.groups![0]!.updatedReplicas === 2)
        await restart
        watch.close()
        expect(killed).toBeGreaterThanOrEqual(deadly.size + 2)
        // Each was made anew exactly once.
        expect(uids.size).toBe(2 * before.length)
        expect(after.groups![0]!.active).toBe(groups![0]!.standbys[0])
        expect(stack.listOf(configMaps, name)).toHaveLength(1)
      } finally {
        await restart
        await stack.stop()
      }
    })
  })
}
