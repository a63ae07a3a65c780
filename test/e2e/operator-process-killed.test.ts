// operator-process-killed.ts on the stand-in; test/kube/nodes-e2e.test.ts runs it on real nodes.
import { startLocalStack } from '../support/local-stack.ts'
import { operatorProcessKilled } from './operator-process-killed.ts'

operatorProcessKilled('the stand-in', startLocalStack)
