// The functions in which a CPU profile was, most of the time first: `node test/bench/profile-summary.ts FILE… [--top N]`
// for files that `npm run bench -- --profile` wrote. Self time in per cent of the busy time of each profile.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const resting = new Set(['(idle)', '(root)'])

const { values, positionals } = parseArgs({
  options: { top: { type: 'string', default: '30' } },
  allowPositionals: true,
})

for (const file of positionals) {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const self = selfTimes(profile)
  const busyUs = [...self.values()].reduce((sum, us) => sum + us, 0)
  const totalUs = profile.timeDeltas.reduce((sum, us) => sum + us, 0)
  console.log(`${file}: ${(busyUs / 1e6).toFixed(1)} s busy of ${(totalUs / 1e6).toFixed(1)} s`)
  const top = [...self].sort((a, b) => b[1] - a[1]).slice(0, Number(values.top))
  for (const [name, us] of top) console.log(`${((us / busyUs) * 100).toFixed(1).padStart(6)} %  ${name}`)
}

function selfTimes(profile: CpuProfile): Map<string, number> {
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const file = callFrame.url.replace(/^.*\/(broker|node_modules)\//, '$1/')
      const place = file === '' ? '' : `  ${file}:${callFrame.lineNumber + 1}`
      return [id, `${callFrame.functionName || '(anonymous)'}${place}`]
    }),
  )
  const self = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '?'
    if (!resting.has(name)) self.set(name, (self.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0))
  }
  return self
}
