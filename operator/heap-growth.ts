// How far V8 lets garbage grow. What an operator holds is the state of its clusters, and little comes and goes: but at rest V8
// has no reason to collect what the start has left, and by itself lets the heap grow to twice of what is in use before it does.
import { setFlagsFromString } from 'node:v8'

/** Of the heap after a collection: with 1,000 clusters one is for every 10 MiB, and takes 30 ms. */
const growthPercent = 15

/** To be called once, before there is much in memory. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
}
