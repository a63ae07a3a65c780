// ActiveMQ and ours on one table of locks: exactly one of them is active, whoever came first, however the other one ends, with both kinds of
// lock.
import type { TestDatabase } from '../../support/databases.ts'
import { leaseMs, startActivemq, startOurs, type JdbcBroker, type Locker } from './brokers.ts'
import type { Check } from './check.ts'

/** In which whoever waits would have got the lock if the other one did not keep it. */
const watchedMs = 2 * leaseMs
const pollMs = 50

export async function exclusion(database: TestDatabase, locker: Locker, check: Check): Promise<void> {
  const running: JdbcBroker[] = []
  const start = async (starting: Promise<JdbcBroker>): Promise<JdbcBroker> => {
    const broker = await starting
    running.push(broker)
    return broker
  }
  try {
    const activemq = await start(startActivemq(database, locker))
    await activemq.started()
    const ours = await start(startOurs(database, locker))
    await check('ours waits while ActiveMQ has the lock', () => onlyOne(activemq, ours))
    await activemq.kill()
    await check('ours takes over when ActiveMQ was killed', () => timed(() => ours.started()))
    const activemqAgain = await start(startActivemq(database, locker))
    await check('ActiveMQ waits while ours has the lock', () => onlyOne(ours, activemqAgain))
    await ours.kill()
    await check('ActiveMQ takes over when ours was killed', () => timed(() => activemqAgain.started()))
    const oursAgain = await start(startOurs(database, locker))
    await check('ours waits again', () => onlyOne(activemqAgain, oursAgain))
    await activemqAgain.stop()
    await check('ours takes over when ActiveMQ was stopped', () => timed(() => oursAgain.started()))
    const activemqLast = await start(startActivemq(database, locker))
    await check('ActiveMQ waits again', () => onlyOne(oursAgain, activemqLast))
    await oursAgain.stop()
    await check('ActiveMQ takes over when ours was stopped', () => timed(() => activemqLast.started()))
  } finally {
    await Promise.all(running.map((broker) => broker.kill()))
  }
}

async function onlyOne(active: JdbcBroker, waiting: JdbcBroker): Promise<string> {
  const until = performance.now() + watchedMs
  while (performance.now() < until) {
    if (await waiting.isActive()) throw new Error('both are active')
    if (!(await active.isActive())) throw new Error('none is active')
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return `for ${watchedMs} ms`
}

async function timed(body: () => Promise<unknown>): Promise<string> {
  const startedAt = performance.now()
  await body()
  return `${Math.round(performance.now() - startedAt)} ms`
}
