// A client for what only the leader may do: it reads at any time, and writes while this process is the leader and not a moment
// longer. It asks before each write, because a reconcile is several, and a process may be frozen between any two of them.
import { FlotillaError } from '../../broker/base/errors.ts'
import type { KubeClient } from '../kube/port.ts'

export function leaderClient(client: KubeClient, isLeader: () => boolean): KubeClient {
  const asLeader = <R>(action: string, name: string, write: () => Promise<R>): Promise<R> =>
    isLeader() ? write() : Promise.reject(new FlotillaError('NOT_LEADER', `Cannot ${action} ${name}: not the leader`))
  return {
    get: (type, key) => client.get(type, key),
    list: (type, options) => client.list(type, options),
    watch: (type, options, onEvent, signal) => client.watch(type, options, onEvent, signal),
    create: (type, object) => asLeader('create', object.metadata.name, () => client.create(type, object)),
    replace: (type, object) => asLeader('replace', object.metadata.name, () => client.replace(type, object)),
    apply: (type, object, options) =>
      asLeader('apply', object.metadata.name, () => client.apply(type, object, options)),
    mergePatch: (type, key, patch, manager) =>
      asLeader('patch', key.name, () => client.mergePatch(type, key, patch, manager)),
    delete: (type, key, options) => asLeader('delete', key.name, () => client.delete(type, key, options)),
  }
}
