// What groups need whose members each have a copy: Secrets of others that their spec names, the one by which members know each
// other, and what elects them. The last two nobody watches: brokers that renew a Lease would wake the operator each second. They are
// looked at while a member is missing or in trouble, which is when a lack of them shows.
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient, KubeObject } from '../kube/port.ts'
import { secrets } from '../kube/resource-types.ts'
import { buildSecurityToken } from '../resources/security-token.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { assertOurs } from './apply-child.ts'
import { membersOf, type Observation } from './observe.ts'
import { readSecret, type SecretProblem } from './secrets.ts'

/** In the order of the groups. Rejects with the errors of the client, except that a Secret may not be read. */
export async function findSecretProblems(
  client: KubeClient,
  { cluster, groups }: ClusterPlan,
): Promise<SecretProblem[]> {
  const foreign = groups.flatMap(({ store }) => store.replication?.files ?? []).filter(({ isOwn }) => !isOwn)
  const answers = await Promise.all(
    foreign.map(({ secretName, key }) => readSecret(client, cluster.namespace, secretName, [key])),
  )
  return answers.flatMap(({ problem }) => problem ?? [])
}

/** Groups of members with copies some of which do not run, or say that something is amiss. */
export const unsettledGroups = (plan: ClusterPlan, observation: Observation): GroupPlan[] =>
  plan.groups.filter((group) => group.store.replication && !isSettled(group, observation))

function isSettled({ name, replicas, statefulSet }: GroupPlan, observation: Observation): boolean {
  const { statefulSets } = observation.objects
  const members = membersOf(observation, name)
  return (
    statefulSets.some(({ metadata }) => metadata.name === statefulSet) &&
    members.length >= replicas &&
    members.every(({ running, snapshot }) => running && snapshot && !snapshot.replication?.trouble)
  )
}

/**
 * Makes the Secrets that are not there yet, each once: the members of a group that runs know each other by it. Returns how many.
 * Rejects with NAME_TAKEN when one belongs to somebody else, and with the errors of the client.
 */
export async function makeSecurityTokens(
  client: KubeClient,
  plan: ClusterPlan,
  groups: readonly GroupPlan[],
  { cluster }: Observation,
  newToken: () => string,
): Promise<number> {
  let made = 0
  for (const group of groups)
    for (const { secretName } of group.store.replication!.files.filter(({ isOwn }) => isOwn)) {
      const existing = await client.get(secrets, { namespace: plan.cluster.namespace, name: secretName })
      if (existing) assertOurs(existing, cluster)
      else if (await isCreated(client, buildSecurityToken(plan, group, secretName, newToken()))) made++
    }
  return made
}

/** False when somebody else was faster, such as an operator that no longer leads. */
async function isCreated(client: KubeClient, secret: KubeObject): Promise<boolean> {
  try {
    await client.create(secrets, secret)
    return true
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 409) return false
    throw error
  }
}
