// Questions about permissions: whoever asks may do everything. Roles are stored, not enforced.
import type { JsonObject } from '../json-value.ts'

const user = { username: 'localkube', groups: ['system:masters', 'system:authenticated'] }

/** The answered review; undefined if there is no review of that name. */
export function answerReview(group: string, plural: string, review: JsonObject): JsonObject | undefined {
  const answered = (status: JsonObject): JsonObject => ({ ...review, metadata: review['metadata'] ?? {}, status })
  if (group === 'authentication.k8s.io')
    return plural === 'selfsubjectreviews' ? answered({ userInfo: user }) : undefined
  if (group !== 'authorization.k8s.io') return undefined
  switch (plural) {
    case 'selfsubjectaccessreviews':
    case 'subjectaccessreviews':
      return answered({ allowed: true, reason: 'localkube allows everything' })
    case 'selfsubjectrulesreviews':
      return answered({
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        incomplete: false,
      })
    default:
      return undefined
  }
}
