// failover.ts on the stand-in; test/kube/nodes-e2e.test.ts runs it on real nodes.
import { startLocalStack } from '../support/local-stack.ts'
import { failover } from './failover.ts'

failover('the stand-in', startLocalStack)
