// quiet-at-rest.ts on the stand-in; test/kube/nodes-e2e.test.ts runs it on real nodes.
import { startLocalStack } from '../support/local-stack.ts'
import { quietAtRest } from './quiet-at-rest.ts'

quietAtRest('the stand-in', startLocalStack)
