// Against a real API server:
//   KUBECONFIG=$(hack/kube/kube up DIR) npm test -- test/kube/ --testPathIgnorePatterns=node_modules; hack/kube/kube down DIR
import { test } from '@jest/globals'
import { describeKubeClient } from '../integration/kube-client.ts'

const kubeconfig = process.env['KUBECONFIG']
if (kubeconfig === undefined) test.skip('KUBECONFIG is not set', () => {})
else describeKubeClient('a real API server', () => ({ kubeconfig }))
