// Which destination names a broker accepts, and for what. Refusals are InvalidDestinationExceptions.
import { RefusalError } from '../base/errors.ts'
import type { Destination } from '../message/destination.ts'
import { compositeMembers, destinationKey, isComposite, isTemporary, isWildcard } from '../message/destination.ts'
import { nameLimits } from './limits.ts'

/** The members of a destination for producers: real places, no wildcards. The destination itself when not composite. */
export function concreteMembers(destination: Destination): readonly Destination[] {
  const members = checkedMembers(destination)
  for (const member of members)
    if (isWildcard(member))
      throw invalid(destination, 'wildcards are for consumers only, a message needs a real destination')
  return members
}

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

export const invalid = (destination: Destination, reason: string, limit?: string): RefusalError =>
  new RefusalError(
    'INVALID_DESTINATION',
    `Cannot use destination ${destinationKey(destination).slice(0, 200)}: ${reason}`,
    { fields: { destination: destination.name.slice(0, 200), kind: destination.kind, limit } },
  )
