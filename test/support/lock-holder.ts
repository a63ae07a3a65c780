// A process that takes a file lock, says its term and keeps it until it is ended: `lock-holder.ts <directory> <member>`.
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { FileLock } from '../../broker/lock/file/file-lock.ts'

const [directory = '', member = ''] = process.argv.slice(2)
const keepRunning = setInterval(() => {}, 60_000)
const lock = new FileLock({
  directory,
  brokerName: 'orders',
  member,
  clock: systemClock,
  logger: silentLogger,
  acquireIntervalMs: 5,
})
const handle = await lock.acquire(new AbortController().signal)
process.on('SIGTERM', () => {
  clearInterval(keepRunning)
  void handle.release()
})
process.stdout.write(`${handle.term}\n`)
