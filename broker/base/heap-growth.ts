// How far V8 lets garbage grow. It counts the memory of buffers apart from its heap, and collects the whole heap for every
// 64 MiB of them, however short they lived: with messages of 100 KiB that was half of a broker's work. Its cheap collections,
// of what is new, free such buffers as well, if only they come first: so a small broker may grow by several times its size
// before everything is collected. A large one may not, and keeps V8's own measure.
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Heap and buffers, garbage included, up to which a broker is small. */
const smallBytes = 192 * 2 ** 20
/** Of the heap after a collection (about 20 MiB), which gives new buffers room for two cheap collections. */
const smallGrowthPercent = 400
/** V8 decides. */
const ownGrowth = 0
const lookPeriodMs = 1000

/** V8's heap-growing-percent for a process that has so much in use. */
export const growthPercent = (usedBytes: number): number => (usedBytes < smallBytes ? smallGrowthPercent : ownGrowth)

/**
 * To be called once, before there is much in memory. With these flags buffers count like everything else, and let the next
 * collection wait for a tenth more of them only, because a large backlog has hundreds of megabytes of them. An older V8
 * does not know them.
 */
export function adaptHeapGrowth(): void {
  if (Number.parseInt(process.versions.v8, 10) < 14) return
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--external-memory-max-growing-factor=1.1')
  let current = ownGrowth
  const look = (): void => {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
    const percent = growthPercent(heap + external)
    if (percent === current) return
    current = percent
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  look()
  setInterval(look, lookPeriodMs).unref()
}
