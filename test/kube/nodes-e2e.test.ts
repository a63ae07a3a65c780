// The end-to-end suites of test/e2e on two real nodes, the same that run on the stand-in. They must be in the cluster's
// network, so this file is run twice: from outside it takes the cluster up and has itself run inside, once for each suite.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { changes } from '../e2e/changes.ts'
import { failover } from '../e2e/failover.ts'
import { operatorProcessKilled } from '../e2e/operator-process-killed.ts'
import { quietAtRest } from '../e2e/quiet-at-rest.ts'
import { standaloneBrokers } from '../e2e/standalone.ts'
import type { StartStack } from '../support/stack.ts'
import { NodeCluster } from './nodes.ts'
import { startNodesStack } from './nodes-kubernetes.ts'

const root = join(import.meta.dirname, '..', '..')
const suites = { failover, changes, standaloneBrokers, quietAtRest, operatorProcessKilled }
const waitMs = 600_000

const { FLOTILLA_E2E_SUITE: suite, FLOTILLA_E2E_SHARED: shared, KUBECONFIG: kubeconfig } = process.env
if (suite === undefined) fromOutside()
else suites[suite as keyof typeof suites]('two nodes', inside)

function fromOutside(): void {
  describe('on two nodes', () => {
    let cluster: NodeCluster
    beforeAll(async () => {
      cluster = await NodeCluster.start(2)
    }, waitMs)
    afterAll(() => cluster?.stop(), waitMs)

    test.each(Object.keys(suites))(
      '%s',
      async (name) => {
        const jest = ['--experimental-vm-modules', join(root, 'node_modules', 'jest', 'bin', 'jest.js')]
        const what = ['test/kube/nodes-e2e', '--testPathIgnorePatterns=/node_modules/', '--json']
        const env = [`FLOTILLA_E2E_SUITE=${name}`, `FLOTILLA_E2E_SHARED=${cluster.shared}`]
        const report = await cluster.exec('env', ...env, process.execPath, ...jest, '--rootDir', root, ...what)
        const { numPassedTests, numTotalTests } = JSON.parse(report) as Record<string, number>
        expect(numPassedTests).toBe(numTotalTests)
        expect(numTotalTests).toBeGreaterThan(0)
      },
      waitMs,
    )
  })
}

function inside(...[options]: Parameters<StartStack>): ReturnType<StartStack> {
  return startNodesStack({ kubeconfig: kubeconfig!, shared: shared! }, options)
}
