// How long a broker takes from its start until it is active: with the project's Node and files outside, and in a container
// of the image, in turn; code compiled in both. The container is made before, so that what the runtime does for one (network,
// mounts, seccomp) is not counted, but its start is.
//
//   node test/image/cold-start.ts [RUNS]      needs what npm run test:image needs
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildImage } from './image.ts'
import { arbitraryUser, makeVolume, startMember } from './member.ts'

const project = join(import.meta.dirname, '..', '..')
const active = '"msg":"Active '
/** So that compiled code is kept outside. */
const warmUpRuns = 2
/** Longer than a broker waits until it keeps what it has compiled. */
const aliveMs = 1500

const runs = Number(process.argv[2] ?? 15)
const directory = mkdtempSync(join(tmpdir(), 'flotilla-cold-'))
const image = buildImage(directory)
let count = 0
const outside: number[] = []
const inside: number[] = []
try {
  for (let run = -warmUpRuns; run < runs; run++) {
    const times = [await startOutside(), await startInside()] as const
    if (run < 0) continue
    outside.push(times[0])
    inside.push(times[1])
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.stdout.write(`outside    ${summary(outside)}\nin image   ${summary(inside)}\n`)
process.stdout.write(`ratio of the medians ${(median(inside) / median(outside)).toFixed(2)}\n`)

async function startOutside(): Promise<number> {
  const startedAt = performance.now()
  const broker = spawn(
    join(project, 'node_modules', '.bin', 'node'),
    ['--disable-warning=ExperimentalWarning', join(project, 'broker', 'main.mjs'), ...argumentsFor(newVolume())],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await isActive(broker)
  const time = performance.now() - startedAt
  await new Promise((resolve) => setTimeout(resolve, aliveMs))
  broker.kill('SIGTERM')
  await once(broker, 'close')
  return time
}

async function startInside(): Promise<number> {
  const name = `cold-${count}`
  const container = startMember(image, directory, { name, user: arbitraryUser, data: newVolume(), isHeld: true })
  await container.isMade
  const startedAt = performance.now()
  container.release()
  await container.says(active)
  const time = performance.now() - startedAt
  await new Promise((resolve) => setTimeout(resolve, aliveMs))
  await container.stop()
  return time
}

function newVolume(): string {
  return makeVolume(join(directory, `data-${count++}`), arbitraryUser)
}

function argumentsFor(data: string): string[] {
  return ['--data-directory', data, '--admin-port', '0', '--openwire-port', '0']
}

async function isActive(broker: ChildProcess): Promise<void> {
  let output = ''
  while (!output.includes(active)) output += ((await once(broker.stdout!, 'data')) as [Buffer])[0].toString()
  broker.stdout!.resume()
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!
}

function summary(times: readonly number[]): string {
  const [least, most] = [Math.min(...times), Math.max(...times)]
  return `${median(times).toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)}, ${times.length} runs)`
}
