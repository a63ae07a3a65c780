// Which destination names a broker accepts, and for what.
import { RefusalError } from '../base/errors.ts'
import type { Destination } from '../message/destination.ts'
import { compositeMembers, destinationKey, isComposite, isTemporary, isWildcard } from '../message/destination.ts'
import { nameLimits } from './limits.ts'

/**
 * The members of a destination for producers, or the destination itself when it is not composite. A wildcard means nothing
 * here, as in ActiveMQ: it is the name of a destination, which consumers reach by wildcards that match it.
 */
export const concreteMembers = (destination: Destination): readonly Destination[] => checkedMembers(destination)

/** The members of a destination for consumers: wildcards are fine, except for temporary destinations. */
export function consumableMembers(destination: Destination): readonly Destination[] {
  const members = checkedMembers(destination)
  for (const member of members)
    if (isWildcard(member) && isTemporary(member))
      throw invalid(destination, 'temporary destinations cannot be addressed by wildcards')
  return members
}

function checkedMembers(destination: Destination): readonly Destination[] {
  if (!isComposite(destination)) {
    checkName(destination)
    return [destination]
  }
  const { maximumCompositeMembers, maximumNameLength } = nameLimits
  if (destination.name.length > maximumCompositeMembers * maximumNameLength)
    throw invalid(
      destination,
      `it is longer than ${maximumCompositeMembers * maximumNameLength} characters`,
      'maximumCompositeMembers',
    )
  const members = compositeMembers(destination)
  if (members.length === 0) throw invalid(destination, 'it has no members')
  if (members.length > maximumCompositeMembers)
    throw invalid(
      destination,
      `it has ${members.length} members, the most is ${maximumCompositeMembers}`,
      'maximumCompositeMembers',
    )
  for (const member of members) checkName(member)
  return members
}

function checkName(destination: Destination): void {
  const { name } = destination
  if (name === '') throw invalid(destination, 'its name is empty')
  if (name.length > nameLimits.maximumNameLength)
    throw invalid(
      destination,
      `its name has ${name.length} characters, the most is ${nameLimits.maximumNameLength}`,
      'maximumNameLength',
    )
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) throw invalid(destination, 'its name contains control characters')
  if (name !== name.trim()) throw invalid(destination, 'its name begins or ends with white space')
}

/** A temporary destination that nobody has, or nobody has any more. */
export const gone = (destination: Destination): RefusalError =>
  new RefusalError(
    'DESTINATION_GONE',
    `Cannot use ${destinationKey(destination)}: the temporary destination does not exist; its connection has closed or deleted it`,
    { fields: { destination: destinationKey(destination) } },
  )

export const invalid = (destination: Destination, reason: string, limit?: string): RefusalError =>
  new RefusalError(
    'INVALID_DESTINATION',
    `Cannot use destination ${destinationKey(destination).slice(0, 200)}: ${reason}`,
    { fields: { destination: destination.name.slice(0, 200), kind: destination.kind, limit } },
  )
