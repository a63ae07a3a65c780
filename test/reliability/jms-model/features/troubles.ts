// Troubles: disks that are full for a while, clients that do not read, time that passes.
import type { Feature } from '../feature.ts'

export const troubles: Feature = {
  commands: {
    fillDisk: {
      weight: 0.25,
      run: async (_client, model) => {
        if (model.isDiskFull) return
        model.note('the disk is full')
        model.figures.fullDisks++
        await model.world.fillDisk(model.below(3000))
        model.isDiskFull = true
      },
    },
    freeDisk: {
      weight: 2,
      run: async (_client, model) => {
        if (model.isDiskFull) await model.freeDisk()
      },
    },
    congest: { weight: 1, run: (client) => client.setCongested(true) },
    relieve: { weight: 5, run: (client) => client.setCongested(false) },
    advance: { weight: 3, run: (_client, model) => model.advance(model.pick([1, 100, 1000, 3000])) },
    sweep: { weight: 0.3, run: (_client, model) => model.advance(30_000) },
  },
}
