// Names of temporary destinations: OpenWire clients make them up, beginning with the id of the connection that owns them.
import type { RefusalError } from '../../base/errors.ts'
import { compositeMembers, isTemporary, type Destination } from '../../message/destination.ts'
import { temporaryOwner } from '../../openwire/temporary-owner.ts'
import { invalid } from '../../routing/destination-name.ts'

/** @throws {RefusalError} when a temporary destination would be added under the name of another connection. */
export function requireOwnNames(destination: Destination, connectionId: string): void {
  for (const member of compositeMembers(destination))
    if (isTemporary(member) && temporaryOwner(member) !== connectionId) throw notOwn(member, connectionId)
}

const notOwn = (destination: Destination, connectionId: string): RefusalError =>
  invalid(destination, `its name does not begin with '${connectionId}:', the connection that creates it`)
