// Puts on each pod the role that its broker reports, for the Services that select by it. Failover does not wait for
// this: the lock elects, and clients with a failover URL find the active by themselves.
import { operatorFieldManager, labels } from '../api/names.ts'
import { isGone } from '../kube/errors.ts'
import type { KubeClient } from '../kube/port.ts'
import { pods } from '../kube/resource-types.ts'
import { findActive } from '../topology/observed-member.ts'
import type { SeenMember } from './observe.ts'

type RoleLabel = 'active' | 'draining' | 'standby' | undefined

/** `members` of one group; `drains`: no client is to come to it any more. Returns how many pods were written. */
export async function applyRoleLabels(
  client: KubeClient,
  members: readonly SeenMember[],
  drains = false,
): Promise<number> {
  const active = findActive(members)
  const changes = members
    .map((member) => ({ member, role: planRoleLabel(member, active, drains) }))
    .filter(({ member, role }) => member.pod.metadata.labels?.[labels.role] !== role)
  // Whoever is no longer active first: at no time do Services lead to two.
  changes.sort((a, b) => Number(a.role === 'active') - Number(b.role === 'active'))
  for (const { member, role } of changes) {
    const { namespace = '', name } = member.pod.metadata
    const patch = { metadata: { labels: { [labels.role]: role ?? null }, uid: member.pod.metadata.uid } }
    try {
      await client.mergePatch(pods, { namespace, name }, patch, operatorFieldManager)
    } catch (error) {
      // The next look sees what became of the pod.
      if (!isGone(error)) throw error
    }
  }
  return changes.length
}

function planRoleLabel(member: SeenMember, active: SeenMember | undefined, drains: boolean): RoleLabel {
  if (member === active) return drains || member.snapshot?.drain ? 'draining' : 'active'
  switch (member.role) {
    case 'Standby':
      return 'standby'
    case 'Unknown': {
      // It cannot be asked: as long as nobody else is active, it keeps the label that it had.
      const role = member.pod.metadata.labels?.[labels.role]
      if (role === 'standby' || ((role === 'active' || role === 'draining') && !active)) return role
      return undefined
    }
    case 'Active':
    case 'Starting':
    case 'Stopping':
      return undefined
  }
}
