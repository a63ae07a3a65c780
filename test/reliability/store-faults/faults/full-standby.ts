// No space where one standby stores: service goes on, and when there is space again the standby gets what it lacks.
import { Bulk } from '../bulk.ts'
import { replicatedStores, type StoreFault } from '../fault.ts'
import { until } from '../until.ts'

const noticedMs = 60_000
const goesOnMs = 60_000
/** Of large messages, after it was noticed. */
const more = 20

export const fullStandby: StoreFault = {
  name: 'full-standby',
  about: 'no space where one standby stores, until it was noticed and service has gone on',
  rounds: 10,
  stores: replicatedStores,
  scene: { smallVolume: true },
  strike: async ({ active, group, dice, volumeOf }) => {
    const standby = dice.pick(group.members.filter((member) => member !== active))
    const complaints = (): number => standby.log.filter((line) => line.includes('waits for space')).length
    const before = complaints()
    const volume = volumeOf(standby)
    const bulk = await Bulk.start(group.failoverUrl())
    volume.fill()
    try {
      await until(() => complaints() > before, noticedMs, 'the full standby does not say so')
      const goal = bulk.acknowledged + more
      await until(() => bulk.acknowledged >= goal, goesOnMs, 'service does not go on beside a full standby')
    } finally {
      volume.free()
    }
    const lost = await bulk.finish()
    if (lost > 0) group.violations.push(`${lost} large messages that were acknowledged are lost`)
  },
}
