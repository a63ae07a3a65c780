// The objects of others that a spec names, read in one place before anything is decided. They do not carry the label of the
// cluster, so that no watch brings them: each pass asks, and one that is missing is found by a later pass.
import type { KubeClient, KubeObject, ResourceType } from '../kube/port.ts'
import { persistentVolumeClaims } from '../kube/resource-types.ts'
import type { ClusterPlan, ReferencePlan } from '../topology/plan.ts'
import type { Claim } from './kinds.ts'

/** What can be named. A kind that is added needs the permission to get it (charts/flotilla/templates/_rules.tpl). */
const types: Readonly<Record<ReferencePlan['kind'], ResourceType>> = { PersistentVolumeClaim: persistentVolumeClaims }

/** What was found; what is missing is left out. */
interface ResolvedReferences {
  readonly claims: readonly Claim[]
}

export const noReferences: ResolvedReferences = { claims: [] }

/** Rejects with the errors of the client; an object that does not exist is none. */
export async function resolveReferences(client: KubeClient, plan: ClusterPlan): Promise<ResolvedReferences> {
  const { namespace } = plan.cluster
  const read = async <T extends KubeObject>(kind: ReferencePlan['kind']): Promise<T[]> => {
    const named = plan.references.filter((reference) => reference.kind === kind)
    const found = await Promise.all(named.map(({ name }) => client.get<T>(types[kind], { namespace, name })))
    return found.filter((object) => object !== undefined)
  }
  return { claims: await read<Claim>('PersistentVolumeClaim') }
}
