// Preloaded by the npm scripts that run until they are stopped: `npm start & kill $!` ends npm and the shell that npm puts
// in between, but not the program behind them, which would go on unseen. Here it ends when npm has ended, however that was:
// by a SIGTERM to itself, which every such program understands, with all that it has started.
//
//   node --import "./hack/end-with-npm.mjs?npm=$PPID" PROGRAM      the shell fills in its parent, which is npm
//
// Nothing tells a process of the end of its parent's parent, so it is looked for. A program that is started without npm
// is none of this file's business and outlives whoever started it.
import { readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const lookPeriodMs = 200
/** NaN where the shell is none that knows $PPID: then the end of the shell must do. */
const npm = Number(new URL(import.meta.url).searchParams.get('npm'))
const shell = process.ppid
let isEnding = false

if (isMainThread) {
  for (const signal of ['SIGTERM', 'SIGINT']) noteAsked(signal)
  const looking = setInterval(() => {
    if (process.ppid === shell && (Number.isNaN(npm) || runs(npm))) return
    clearInterval(looking)
    // Asked already, by whoever ended npm, too: a second signal would cut an orderly end short.
    if (!isEnding) process.kill(process.pid, 'SIGTERM')
  }, lookPeriodMs)
  looking.unref()
}

/** Whoever listens to a signal is not ended by it; while nobody but us does, it ends the process as if we did not. */
function noteAsked(signal) {
  const note = () => {
    isEnding = true
    if (process.listenerCount(signal) > 1) return
    process.off(signal, note)
    process.kill(process.pid, signal)
  }
  process.on(signal, note)
}

function runs(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  return !isZombie(pid)
}

/** Ended, but its parent has not asked after it. */
function isZombie(pid) {
  try {
    return process.platform === 'linux' && /\) Z \d+ .*$/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false // gone between the two looks, or not ours to look at
  }
}
