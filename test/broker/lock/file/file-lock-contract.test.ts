// The file lock as a lock: on a file system of this machine's own, and as on one of the network.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { FileLock } from '../../../../broker/lock/file/file-lock.ts'
import { lockContract, type LockSetting } from '../../../contract/lock.ts'

const intervalMs = 250

function fileLocks(isLocal: boolean): LockSetting {
  const directory = mkdtempSync(join(tmpdir(), 'file-lock-'))
  const clock = new ManualClock()
  return {
    lockOf: (member, brokerName = 'orders') =>
      new FileLock({
        directory,
        brokerName,
        member,
        clock,
        logger: silentLogger,
        acquireIntervalMs: intervalMs,
        // So that the only timers are those of members that wait.
        keepAlivePeriodMs: 0,
        isLocal: async () => isLocal,
      }),
    shared: {
      async waiting() {
        while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve))
      },
      elapse: () => clock.advance(intervalMs),
      takeAway() {
        writeFileSync(join(directory, 'other'), '{"member": "z", "term": 9}')
        renameSync(join(directory, 'other'), join(directory, 'lock.json'))
      },
    },
    dispose: () => rmSync(directory, { recursive: true }),
  }
}

lockContract('FileLock on a local file system', () => fileLocks(true))
lockContract('FileLock on a network file system', () => fileLocks(false))
