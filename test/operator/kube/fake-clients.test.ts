// The fakes that stand for the client in tests of the operator, held against what the client itself has to do (it runs the
// same contract on the stand-in and on a real API server: test/integration, test/kube).
import { kubeClientContract } from '../../contract/kube-client.ts'
import { FakeKube } from '../../support/fake-kube.ts'
import { MemoryKube } from '../../support/memory-kube.ts'

kubeClientContract('FakeKube', () => Promise.resolve({ client: new FakeKube(), namespace: 'shop' }), {
  cannotWatch: true,
})

const memory = new MemoryKube()
kubeClientContract('MemoryKube', () => Promise.resolve({ client: memory, namespace: 'shop' }), {
  forgetHistory: () => memory.compact(),
})
