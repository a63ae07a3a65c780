// Gives each namespace its ServiceAccount `default`. (Emptying a namespace that is being deleted is the API server's.)
// Not here: kube-root-ca.crt and tokens; the API server of the stand-in asks for no credentials.
import type { LocalObject, Registry } from '../api/registry.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { namespaces, serviceAccounts, splitKey } from './resource-names.ts'

export function startNamespaceController(context: ControllerContext): Stoppable {
  const triggers = [
    { resource: namespaces, keysOf: (namespace: LocalObject) => [`/${namespace.metadata.name}`] },
    { resource: serviceAccounts, keysOf: (account: LocalObject) => [`/${account.metadata.namespace}`] },
  ]
  return runController(context, 'namespace', triggers, (key) => reconcile(context.registry, key))
}

function reconcile(registry: Registry, key: string): undefined {
  const { name } = splitKey(key)
  const namespace = registry.get(namespaces, undefined, name)
  if (!namespace || namespace.metadata.deletionTimestamp) return
  if (registry.get(serviceAccounts, name, 'default')) return
  const metadata = { name: 'default', namespace: name }
  registry.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
}
