// How long a copy that was away takes until it is in sync again: a large queue, and messages that come and go all the while.
import { command, drive, expect, pause, reply, start, type CellRun, type RunResult } from './cell-run.ts'

/** Few messages fill a journal quickly. */
const filledSize = 100 * 1024
const perTransaction = 20
const beside = { producers: 4, consumers: 4, persistent: true, size: 1024, outstanding: 10_000, rate: 1000 }
/** For a member that comes back slowly, and for what is said of it then. */
const besideLongerMs = 60_000

export async function runRejoin(
  run: CellRun,
  { bytes, awayMs }: { bytes: number; awayMs: number },
): Promise<RunResult> {
  const broker = await start(run)
  const { standby } = broker
  if (!standby) throw new Error('it has no copies')
  const filling = await drive(run, broker.url)
  const count = Math.ceil(bytes / filledSize)
  command(filling, 'fill', { count, transaction: perTransaction, size: filledSize, destination: 'LARGE' })
  const fill = await reply(filling)
  const driver = await drive(run, broker.url)
  command(driver, 'load', { ...beside, warmupMs: 1000, measureMs: awayMs + besideLongerMs })
  await expect(driver, 'begin')
  await standby.inSync()
  await standby.leave()
  await pause(awayMs)
  const { inSyncMs, readyMs } = await standby.comeBack()
  return { figures: { timeMs: inSyncMs, readyMs }, raw: { fill } }
}
