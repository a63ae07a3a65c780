// The operator on a real kube-apiserver with its controllers. FLOTILLA_TEST_KUBECONFIG names a kubeconfig of somebody who may do
// everything; no nodes are needed.
import { test } from '@jest/globals'
import { operatorIntegration } from '../integration/operator.ts'

const kubeconfig = process.env['FLOTILLA_TEST_KUBECONFIG']
if (kubeconfig === undefined) test.skip('the operator on a real API server: set FLOTILLA_TEST_KUBECONFIG', () => {})
else operatorIntegration('a real API server', () => Promise.resolve({ kubeconfig, stop: () => Promise.resolve() }))
