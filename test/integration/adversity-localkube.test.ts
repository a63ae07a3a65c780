// Operators in bad circumstances, on the stand-in's API server and controllers: what takes no time for a Lease to run out.
// The rest is tried on a real control plane: test/kube/adversity.test.ts.
import { test } from '@jest/globals'
import { hasLoopbackRange } from '../../hack/localkube/kubelet/pod-addresses.ts'
import { operatorAdversity } from './adversity.ts'
import { startStandIn } from './stand-in.ts'

if (await hasLoopbackRange())
  operatorAdversity('the stand-in', startStandIn, { kills: 0, stormMs: 1_000, tell: () => {} })
else test.skip('operators in adversity: this system has no loopback addresses for brokers', () => {})
