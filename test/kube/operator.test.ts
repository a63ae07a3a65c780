// The operator on a real kube-apiserver with its controllers. KUBECONFIG (set by `hack/kube/kube run`) names somebody
// who may do everything; no nodes are needed.
import { test } from '@jest/globals'
import { operatorIntegration } from '../integration/operator.ts'

const kubeconfig = process.env['KUBECONFIG']
if (kubeconfig === undefined) test.skip('the operator on a real API server: run it by "npm run test:kube"', () => {})
else operatorIntegration('a real API server', () => Promise.resolve({ kubeconfig, stop: () => Promise.resolve() }))
