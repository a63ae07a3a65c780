// changes.ts on the stand-in; test/kube/nodes-e2e.test.ts runs it on real nodes.
import { startLocalStack } from '../support/local-stack.ts'
import { changes } from './changes.ts'

changes('the stand-in', startLocalStack)
