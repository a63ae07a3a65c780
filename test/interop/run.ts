// Interop with the stock ActiveMQ Java clients: `npm run interop`, or with --kills 20 for the long failover run; --help tells
// the rest.
// For each client version: the JMS suite against a broker that offers loose frames only (our default) and against one
// that offers tight encoding and cache; messages between it and our client in TypeScript (messages.ts); then producers and
// consumers over failover: while the active is killed again and again. And what a program is told by ActiveMQ brokers and by
// ours is compared (comparison.ts), selectors are compared with ActiveMQ's own parser (selectors/), and a little of the recorded
// data is recorded anew (recorder/check.ts). JMS 1.1 is tested chapter by chapter (chapters.ts), networks of brokers in scenes
// (networks.ts). Prints a line per check and ends with "N passed, N failed".
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { activeAfter, settled, type BrokerMember, type MemberOptions } from '../support/broker-process.ts'
import { activemqVersions } from '../support/activemq-broker.ts'
import { checkChoices, parseCommandLine, refuse } from '../support/command-line.ts'
import { FailoverRun, longestGaps, prepareFailoverClient, type FailoverAccount } from '../support/failover-run.ts'
import { clientVersions, oldClientVersions, type JavaClient } from '../support/java-clients.ts'
import { startJava } from '../support/java-process.ts'
import { checkChapters } from './chapters.ts'
import { compareWithActivemq } from './comparison.ts'
import { checkJdbc } from './jdbc.ts'
import { checkMessages } from './messages.ts'
import { checkNetworks } from './networks.ts'
import { checkRecorder } from './recorder/check.ts'
import { compareSelectors } from './selectors/compare-selectors.ts'
import { closeOurStores, jdbcStores, ourStores, sessionTimeoutMs, startOnStore, type OurStore } from './our-store.ts'
import { suitePolicies } from './suite-policies.ts'

/** Of a replicated store ZooKeeper first has to find out, and then a member takes over within a second. */
const longestGapMs = (store: OurStore): number => (store === 'replicated' ? sessionTimeoutMs + 1000 : 2000)
const trafficBetweenKillsMs = 1500
/**
 * A client whose transaction was rolled back hands it out again from its own memory, 1 s later (redelivery policy). If it
 * loses its broker in that second, it hands out what another client has got meanwhile, or the same message twice in one
 * transaction: no broker can prevent that. So each kill waits until every client has succeeded since the one before: a
 * client that still has to hand something out again has not. Usually that is 1 to 3 s after the takeover.
 */
const clientsRecoverMs = 60_000

const modes = ['transacted', 'client', 'auto']
/** Of the suites that are run with a database in CI, too. */
const jdbcClient = '5.19.9'
const layouts = ['shared', 'pairs']
const parts = ['suite', 'messages', 'failover', 'chapters', 'comparison', 'networks', 'jdbc', 'selectors', 'recorder']
const allClients: readonly string[] = [...clientVersions, ...oldClientVersions]

const help = `npm run interop -- [options]
  --client VERSION   only this client; may be repeated: ${clientVersions.join(' ')}, for chapters also ${oldClientVersions.join(' ')}
  --store STORE      suite, messages, failover, chapters: of our broker, ${ourStores.join(' ')} (journal); jdbc does some of them with each
  --only PART        one of ${parts.join(' ')}
  --kills N          of each failover run (3)
  --mode MODE        of its consumers' sessions; may be repeated: ${modes.join(' ')} (transacted)
  --selectors N      so many selectors, and as many broken ones, are compared with ActiveMQ's parser (3000)
  --seed N           of these selectors (1)
  --matrix           chapters: each client with each encoding, networks: each pair of brokers; not only what CI has time for
  --tests TEXT       chapters: only tests with this in their Class.method; networks, jdbc: only scenes with this in their name
  --layout LAYOUT    all on one queue, or pairs with a queue each; may be repeated: ${layouts.join(' ')} (shared)
`

const { values: given } = parseCommandLine('interop', help, {
  options: {
    kills: { type: 'string', default: '3' },
    client: { type: 'string', multiple: true, default: [...allClients] },
    store: { type: 'string', default: 'journal' },
    matrix: { type: 'boolean', default: false },
    tests: { type: 'string', default: '' },
    only: { type: 'string' },
    selectors: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    mode: { type: 'string', multiple: true, default: ['transacted'] },
    layout: { type: 'string', multiple: true, default: ['shared'] },
  },
})
// checkChoices refuses all others.
const flags = { ...given, store: given.store as OurStore }
checkChoices('interop', '--client', flags.client, allClients)
checkChoices('interop', '--only', flags.only === undefined ? [] : [flags.only], parts)
checkChoices('interop', '--store', [given.store], ourStores)
checkChoices('interop', '--mode', flags.mode, modes)
checkChoices('interop', '--layout', flags.layout, layouts)
for (const name of ['kills', 'selectors', 'seed'] as const)
  if (!/^\d+$/.test(flags[name])) refuse('interop', `--${name} ${flags[name]} is no whole number`)

let passed = 0
let failed = 0

function report(ok: boolean, name: string, detail = ''): void {
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok' : 'not ok'} ${name}${detail === '' ? '' : `: ${detail}`}`)
}

async function withMembers<T>(
  count: number,
  store: OurStore,
  options: Pick<MemberOptions, 'config' | 'wire'>,
  body: (members: readonly BrokerMember[]) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-interop-'))
  const { members, stop } = await startOnStore(store, directory, count, options)
  try {
    return await body(members)
  } finally {
    await stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What the broker offers; the stock client takes all of it. Tight without cache is our default. */
const wires = {
  loose: { tightEncodingEnabled: false },
  tight: {},
  'tight and cached': { cacheEnabled: true },
} as const

async function suite(client: JavaClient, wire: keyof typeof wires, store: OurStore): Promise<void> {
  const run = store === 'journal' ? `${client.version} ${wire}` : `${client.version} ${wire} ${store}`
  await withMembers(1, store, { wire: wires[wire], config: suitePolicies }, async (members) => {
    const broker = await settled(members)
    const lines = await java(client, ['JmsSuite', broker.url])
    const checks = lines.filter((line) => /^(not )?ok /.test(line))
    for (const line of checks) {
      const [, not, name, detail] = /^(not )?ok ([^:]+)(?:: (.*))?$/.exec(line)!
      report(!not, `${run} ${name}`, detail)
    }
    report(
      lines.some((line) => line.startsWith('suite ')),
      `${run} suite ran to its end`,
    )
    if (lines.some((line) => line.startsWith('suite failed'))) console.log(broker.log.slice(-20).join(''))
  })
}

async function failover(client: JavaClient, mode: string, layout: string, kills: number): Promise<void> {
  const name = `${client.version} failover ${mode} ${layout}, ${kills} kills`
  await withMembers(2, flags.store, {}, async (members) => {
    await settled(members)
    const url = `failover:(${members.map((member) => member.url).join(',')})`
    const run = await FailoverRun.start(client, url, { mode, layout, producers: 4, consumers: 4 })
    const takeovers: number[] = []
    const killedAt: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      await new Promise((resolve) => setTimeout(resolve, trafficBetweenKillsMs))
      const active = await settled(members)
      const { term } = (await active.role())!
      killedAt.push(Date.now())
      const startedAt = performance.now()
      active.kill('SIGKILL')
      await activeAfter(members, term ?? 0)
      takeovers.push(Math.round(performance.now() - startedAt))
      await run.allFlow(Date.now(), clientsRecoverMs)
    }
    await new Promise((resolve) => setTimeout(resolve, trafficBetweenKillsMs))
    await settled(members)
    const result = await run.stop()
    judge(name, mode, result, killedAt)
    console.log(
      `   ${result.acknowledged} acknowledged, ${result.delivered} delivered, takeovers ${takeovers.join(' ')} ms, ${result.redeliveredUnconsumed} redelivered, ${result.deadLetters} dead letters`,
    )
    if (result.problems.length > 0) console.log(`   problems: ${result.problems.join('; ')}`)
  })
}

function judge(name: string, mode: string, result: FailoverAccount, killedAt: readonly number[]): void {
  report(result.acknowledged > 100 * killedAt.length, `${name}: traffic flowed`, `${result.acknowledged} messages`)
  report(
    result.lost === 0,
    `${name}: nothing acknowledged is lost`,
    `${result.lost} lost ${JSON.stringify(result.lostSample)}`,
  )
  report(result.orderViolations === 0, `${name}: order per producer is kept`, JSON.stringify(result.orderSample))
  report(
    result.deadUndelivered.length === 0,
    `${name}: nothing undelivered is a dead letter`,
    result.deadUndelivered.join(' '),
  )
  // Only a returned commit proves to a client that its acknowledgement arrived; the others are sent without answer.
  if (mode === 'transacted')
    report(
      result.duplicatesOfConsumed === 0,
      `${name}: no duplicate of a committed delivery`,
      JSON.stringify(result.duplicateSample),
    )
  const gaps = longestGaps(result.gaps, killedAt)
  const p99 = gaps[Math.ceil(gaps.length * 0.99) - 1] ?? 0
  const detail = `p50 ${gaps[Math.ceil(gaps.length * 0.5) - 1] ?? 0} ms, p99 ${p99} ms, of ${gaps.length} producer gaps`
  report(
    gaps.length >= killedAt.length && p99 <= longestGapMs(flags.store),
    `${name}: longest gap p99 <= ${longestGapMs(flags.store)} ms`,
    detail,
  )
}

/** What CI has time for, with a store in a database. */
async function suitesOn(store: OurStore): Promise<void> {
  await suite(prepareFailoverClient(jdbcClient), 'tight', store)
  await checkChapters({ clients: [jdbcClient], wholeMatrix: false, tests: '', store }, report)
}

async function java(client: JavaClient, args: readonly string[]): Promise<readonly string[]> {
  const run = startJava(client.classpath, args)
  await run.ended
  return run.lines
}

const startedAt = Date.now()
const runs = (part: string): boolean => flags.only === undefined || flags.only === part
for (const version of clientVersions.filter((known) => flags.client.includes(known))) {
  try {
    const client = prepareFailoverClient(version)
    if (runs('suite'))
      for (const wire of Object.keys(wires) as (keyof typeof wires)[]) await suite(client, wire, flags.store)
    if (runs('messages'))
      await withMembers(1, flags.store, {}, async (members) =>
        checkMessages(client, (await settled(members)).url, report),
      )
    if (runs('failover'))
      for (const mode of flags.mode)
        for (const layout of flags.layout) await failover(client, mode, layout, Number(flags.kills))
  } catch (error) {
    report(false, `${version} ran`, String(error))
  }
}
if (runs('chapters'))
  await checkChapters(
    { clients: flags.client, wholeMatrix: flags.matrix, tests: flags.tests, store: flags.store },
    report,
  )
if (runs('comparison'))
  for (const version of activemqVersions)
    try {
      await compareWithActivemq(version, report)
    } catch (error) {
      report(false, `comparison with ActiveMQ ${version} ran`, String(error))
    }
if (runs('networks'))
  try {
    await checkNetworks({ wholeMatrix: flags.matrix, tests: flags.tests }, report)
  } catch (error) {
    report(false, 'networks ran', String(error))
  }
if (runs('jdbc'))
  try {
    await checkJdbc({ tests: flags.tests }, report)
    // They mostly wait. One who asks for a scene does not ask for them.
    if (flags.tests === '') await Promise.all((await jdbcStores()).map(suitesOn))
  } catch (error) {
    report(false, 'jdbc ran', String(error))
  }
if (runs('selectors'))
  try {
    await compareSelectors(Number(flags.selectors), Number(flags.seed), report)
  } catch (error) {
    report(false, 'the comparison of selectors ran', String(error))
  }
if (runs('recorder'))
  try {
    await checkRecorder(report)
  } catch (error) {
    report(false, 'the recorder ran', String(error))
  }
await closeOurStores()
console.log(`interop with Java clients took ${Math.round((Date.now() - startedAt) / 1000)} s`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
