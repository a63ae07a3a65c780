// What a volume can do to the members on it. Besides what is true of every fault: the admin port answers all the time,
// and nobody is answered for what is not on the disk.
import type { BrokerMember } from '../support/broker-process.ts'
import type { LoopVolume } from '../support/loop-volume.ts'
import { within, type Fault } from './fencing-faults.ts'
import type { DirectSender, FencingGroup } from './fencing-group.ts'

/** How late the admin port may answer while the volume hangs; the machine is busy. */
const livenessMs = 1000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Read-only under load: the active cuts its clients and steps down; after the repair one of the members goes on. */
export const failReadOnly =
  (volume: LoopVolume): Fault =>
  async ({ group }) => {
    const { active, direct, term } = await underLoad(group)
    volume.failReadOnly()
    await within(direct.ended, 10_000, 'the member on a read-only volume does not cut its clients')
    const role = await active.role()
    if (role?.role === 'Active') group.violations.push(`${role.member} stays active on a read-only volume`)
    await sleep(1000)
    for (const member of group.members) {
      const now = await member.role()
      if (now?.role === 'Active') group.violations.push(`${now.member} is active on a read-only volume`)
    }
    await volume.repair()
    const after = await (await group.active()).role()
    if ((after?.term ?? 0) <= term) group.violations.push(`term ${term} was not ended by a read-only volume`)
  }

/** No write comes back for a while: no answers, but a live admin port; afterwards everything goes on. */
export const hang =
  (begin: (forMs: number) => Promise<void>, forMs: number): Fault =>
  async ({ group }) => {
    const { direct } = await underLoad(group)
    const hung = begin(forMs)
    // What was synced before is answered still.
    await sleep(Math.min(1000, forMs / 4))
    const answered = direct.acknowledged.length
    const deadline = performance.now() + forMs * 0.75
    while (performance.now() < deadline) {
      await Promise.all(group.members.map((member) => isLive(group, member)))
      if (direct.acknowledged.length > answered) {
        group.violations.push(`${direct.acknowledged.length - answered} were acknowledged while the volume hung`)
        break
      }
      await sleep(100)
    }
    await hung
    await group.active(60_000)
  }

async function underLoad(group: FencingGroup): Promise<{ active: BrokerMember; direct: DirectSender; term: number }> {
  const active = await group.active()
  const { term } = (await active.role())!
  const direct = await group.sendDirectlyTo(active)
  while (direct.acknowledged.length < 5) await sleep(5)
  return { active, direct, term: term! }
}

async function isLive(group: FencingGroup, member: BrokerMember): Promise<void> {
  const url = `http://127.0.0.1:${member.options.adminPort}/livez`
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(livenessMs) })
    if (status === 200) return
    group.violations.push(`${member.options.member} answers /livez with ${status} while the volume hangs`)
  } catch (error) {
    group.violations.push(`${member.options.member} does not answer /livez while the volume hangs: ${String(error)}`)
  }
}
