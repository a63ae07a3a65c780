// Whether what operators wrote was written by the leader, each time: from the record of an ApiProxy.
//
// The revisions of etcd put all writes in one order, those of the Lease among them: what stands behind one is by its holder.
// A write whose answer tells no revision counts by the clock: it was not sent after somebody else had been told that he holds
// the Lease. And a holder that has not renewed in time writes nothing, even when nobody else comes.
import type { ProxiedWrite } from './api-proxy.ts'

interface Reign {
  readonly holder: string
  readonly sinceRevision: number
  readonly sinceMs: number
}

/** What was written by somebody else than the leader, in words. Entrances of the proxy are named as the identities. */
export function foreignWrites(writes: readonly ProxiedWrite[], leaseMs: number): string[] {
  const renewals = writes.filter((write) => write.isLease && isDone(write) && write.revision !== undefined)
  renewals.sort((a, b) => a.revision! - b.revision!)
  const reigns = renewals.map(({ holder = '', revision, answeredAtMs }) => ({
    holder,
    sinceRevision: revision!,
    sinceMs: answeredAtMs!,
  }))
  return writes
    .filter((write) => !write.isLease && (write.status === undefined || isDone(write)))
    .flatMap((write) => {
      const wrong = isForeign(write, reigns) ?? isLate(write, renewals, leaseMs)
      return wrong === undefined ? [] : [`${write.who} ${write.method} ${write.path}: ${wrong}`]
    })
}

/** Who became the leader, one after the other. */
export function leaders(writes: readonly ProxiedWrite[]): string[] {
  const holders = writes
    .filter((write) => write.isLease && isDone(write) && write.holder !== '')
    .sort((a, b) => a.revision! - b.revision!)
    .map(({ holder }) => holder!)
  return holders.filter((holder, index) => holder !== holders[index - 1])
}

const isDone = ({ status = 0 }: ProxiedWrite): boolean => status >= 200 && status < 300

function isForeign({ who, revision, sentAtMs }: ProxiedWrite, reigns: readonly Reign[]): string | undefined {
  const byClock = reigns.findLast(({ sinceMs }) => sinceMs < sentAtMs)
  // What changes nothing is answered with the revision of long ago.
  const isOld = revision !== undefined && byClock !== undefined && revision < byClock.sinceRevision
  const reign = revision === undefined || isOld ? byClock : reigns.findLast((one) => one.sinceRevision < revision)
  return reign?.holder === who ? undefined : `the holder was ${reign?.holder ?? 'nobody'}`
}

function isLate(
  { who, sentAtMs }: ProxiedWrite,
  renewals: readonly ProxiedWrite[],
  leaseMs: number,
): string | undefined {
  const renewal = renewals.findLast((one) => one.holder === who && one.sentAtMs <= sentAtMs)
  const ageMs = sentAtMs - (renewal?.sentAtMs ?? -Infinity)
  return ageMs < leaseMs ? undefined : `the Lease was renewed ${Math.round(ageMs)} ms before`
}
