// One Java program against an ActiveMQ broker and against ours; what it tells of both must be the same, but for the
// differences that docs/compatibility.md names.
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { activemqJars, type ActivemqVersion } from '../support/activemq-broker.ts'
import { settled, startMembers, type BrokerMember } from '../support/broker-process.ts'
import { compileJava } from '../support/java-clients.ts'
import { startJava } from '../support/java-process.ts'

/** What goes wrong here is told by the program, not by the log. */
const quiet = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off']

type Report = (ok: boolean, name: string, detail?: string) => void

/** Line of the program → why ours is another one. Each must be met, so that the list stays true. */
const knownDifferences: readonly (readonly [what: RegExp, reason: string, onlyOf?: ActivemqVersion])[] = [
  [/send to (queue|topic) LATE\.\* before there is a consumer of /, 'a consumer gets what its name says'],
  [
    /letter of expired before a topic subscriber had it, .*: property dlqDeliveryFailureCause$/,
    'what has expired says so, also with a slow topic subscriber',
    '5.17.2',
  ],
  [/expired while its subscriber is behind$/, 'what has expired goes while the subscriber is behind'],
  [/virtual topic, consumer of a list/, 'a consumer of a list of queues makes them'],
  [
    /^configured (virtual topic|composite).* topic:\/\/VT\.(BOTH|DOUBLE\.X) to topic:/,
    'by two rules subscribers get it once',
  ],
  [/given up, .*: property scheduledJobId$/, 'redelivery needs no scheduler'],
  [/priorities, .*: a slow subscriber$/, 'what waits for a slow subscriber goes by priority'],
  [/messages of a group that begins with its end, /, 'such a group is closed'],
  [/messages when an exclusive consumer comes, /, 'an exclusive consumer takes over groups'],
  [/temporary queue, send in a transaction$/, 'a transaction that is refused says that it was rolled back'],
]

type Policy = NonNullable<BrokerConfigInput['destinationPolicies']>[number]
type Recovery = NonNullable<Policy['subscriptionRecoveryPolicy']>

const keeps = (topic: string, subscriptionRecoveryPolicy: Recovery, alwaysRetroactive = false): Policy => ({
  topic,
  subscriptionRecoveryPolicy,
  alwaysRetroactive,
})
const three: Recovery = { fixedCountSubscriptionRecoveryPolicy: { maximumSize: 3 } }

/** As java/reference/ReferenceBroker.java configures ActiveMQ. */
const ourConfigurations: readonly BrokerConfigInput[] = [
  {},
  { deadLetter: { processNonPersistent: true } },
  {
    virtualDestinations: [
      { virtualTopic: { name: 'VT.>', prefix: 'Q.*.', postfix: '.IN' } },
      { virtualTopic: { name: 'VT.DOUBLE.>', prefix: 'D.*.' } },
      { virtualTopic: { name: 'PLAIN', prefix: 'P-' } },
      { compositeQueue: { name: 'CQ.ONLY', forwardTo: [{ queue: 'CQ.A' }, { topic: 'CQ.B' }] } },
      { compositeQueue: { name: 'CQ.BOTH', forwardOnly: false, forwardTo: [{ queue: 'CQ.C' }] } },
      { compositeTopic: { name: 'CT.ONLY', forwardTo: [{ queue: 'CT.A' }, { topic: 'CT.B' }] } },
      { compositeTopic: { name: 'CT.BOTH', forwardOnly: false, forwardTo: [{ queue: 'CT.C' }] } },
      { compositeQueue: { name: 'CQ.NOCOPY', copyMessage: false, forwardTo: [{ queue: 'CQ.D' }] } },
      { compositeQueue: { name: 'CW.*', forwardOnly: false, forwardTo: [{ queue: 'CWT.A' }] } },
      { compositeQueue: { name: 'CHAIN', forwardTo: [{ queue: 'CQ.BOTH' }, { topic: 'VT.CHAIN' }] } },
      { compositeQueue: { name: 'TWICE', forwardTo: [{ queue: 'TW.A' }, { queue: 'TW.A' }] } },
      { compositeTopic: { name: 'VT.BOTH', forwardOnly: false, forwardTo: [{ queue: 'VTB.A' }] } },
      { compositeQueue: { name: 'Q.c.VT.FWD.IN', forwardTo: [{ queue: 'FWD.A' }] } },
    ],
    startupDestinations: [{ queue: 'STARTUP.Q' }, { topic: 'STARTUP.T' }],
    destinationPolicies: [
      { queue: 'GC.>', gcInactiveDestinations: true, inactiveTimeoutBeforeGC: '1s' },
      { topic: 'GC.>', gcInactiveDestinations: true, inactiveTimeoutBeforeGC: '1s' },
    ],
    schedulePeriodForDestinationPurge: '200ms',
  },
  {
    destinationPolicies: [
      { queue: 'STRATEGY.>', deadLetterStrategy: { individualDeadLetterStrategy: { processNonPersistent: true } } },
      {
        queue: 'STRATEGY.BRIEF',
        deadLetterStrategy: {
          individualDeadLetterStrategy: { queuePrefix: 'BRIEF.', queueSuffix: '.DEAD', expiration: '1h' },
        },
      },
      {
        queue: 'STRATEGY.TOPIC',
        deadLetterStrategy: { individualDeadLetterStrategy: { useQueueForQueueMessages: false } },
      },
      { queue: 'STRATEGY.NONE', deadLetterStrategy: { discarding: {} } },
      { queue: 'STRATEGY.DEFAULT', deadLetterStrategy: { sharedDeadLetterStrategy: {} } },
      keeps('KEPT.COUNT', three),
      keeps('KEPT.SIZED', { fixedSizedSubscriptionRecoveryPolicy: { maximumSize: '4096' } }),
      keeps('KEPT.TIMED', { timedSubscriptionRecoveryPolicy: {} }),
      keeps('KEPT.LAST', { lastImageSubscriptionRecoveryPolicy: {} }),
      keeps('KEPT.NONE', { noSubscriptionRecoveryPolicy: {} }),
      keeps('KEPT.ALWAYS', three, true),
      keeps('KEPT.DURABLE.COUNT', three),
      keeps('KEPT.DURABLE.ALWAYS', three, true),
      keeps('SEVERAL.>', { lastImageSubscriptionRecoveryPolicy: {} }),
      {
        topic: 'EXPIRES.>',
        expireMessagesPeriod: '500ms',
        deadLetterStrategy: { sharedDeadLetterStrategy: { deadLetterQueue: 'EXPIRES.DLQ' } },
      },
      { queue: 'PRIO.>', prioritizedMessages: true },
      { topic: 'PRIO.>', prioritizedMessages: true },
    ],
    redeliveryPlugin: {
      redeliveryPolicyMap: {
        redeliveryPolicyEntries: [{ queue: 'AGAIN.>', maximumRedeliveries: 2, redeliveryDelay: '1500ms' }],
      },
    },
  },
]

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
const sources = join(import.meta.dirname, 'java')
const shownDifferences = 20

export async function compareWithActivemq(version: ActivemqVersion, report: Report): Promise<void> {
  const jars = activemqJars(version)
  const prefix = (what: string): string => join(cache, `${what}-${version}`)
  const jakarta = version.startsWith('6.')
  const classpath = [
    compileJava(join(sources, 'reference'), jars, prefix('reference')),
    compileJava(sources, jars, prefix('comparison'), jakarta),
    ...jars,
  ].join(delimiter)
  const [wanted, got] = await Promise.all([toldOfActivemq(classpath), toldOfOurs(classpath)])
  judge(version, wanted, got, report)
}

type Told = ReadonlyMap<string, string>

async function toldOfActivemq(classpath: string): Promise<Told> {
  return inDirectory(async (directory) => {
    const reference = startJava(classpath, ['ReferenceBroker', directory], { options: quiet })
    try {
      const urls = await reference.line((line) => line.startsWith('urls '))
      return await tell(classpath, urls.split(' ').slice(1))
    } finally {
      reference.kill()
      await reference.ended
    }
  })
}

async function toldOfOurs(classpath: string): Promise<Told> {
  return inDirectory(async (directory) => {
    const members: BrokerMember[] = []
    try {
      for (const [index, config] of ourConfigurations.entries())
        members.push(...(await startMembers(join(directory, String(index)), 1, { config })))
      await Promise.all(members.map((member) => settled([member])))
      return await tell(
        classpath,
        members.map(({ url }) => url),
      )
    } finally {
      await Promise.all(members.map((member) => member.stop('SIGKILL')))
    }
  })
}

async function tell(classpath: string, urls: readonly string[]): Promise<Told> {
  const run = startJava(classpath, ['BrokerComparison', ...urls], { options: quiet })
  await run.ended
  if (!run.lines.includes('compared')) throw new Error(`the comparison ended early: ${run.lines.at(-1)}`)
  const told = new Map<string, string>()
  for (const line of run.lines) {
    const at = line.indexOf(' = ')
    if (at > 0) told.set(line.slice(0, at), line.slice(at + 3))
  }
  return told
}

function judge(version: string, wanted: Told, got: Told, report: Report): void {
  const differences = [...new Set([...wanted.keys(), ...got.keys()])].filter(
    (what) => wanted.get(what) !== got.get(what),
  )
  const expected = knownDifferences.filter(([, , onlyOf = version]) => onlyOf === version)
  const unknown = differences.filter((what) => !expected.some(([known]) => known.test(what)))
  for (const what of unknown.slice(0, shownDifferences))
    report(false, `like ActiveMQ ${version}: ${what}`, `wanted ${wanted.get(what)}, got ${got.get(what)}`)
  report(unknown.length === 0, `like ActiveMQ ${version}`, `${wanted.size} facts, ${unknown.length} unlike`)
  for (const [known, reason] of expected)
    report(
      differences.some((what) => known.test(what)),
      `known difference to ActiveMQ ${version} is still there: ${reason}`,
    )
}

async function inDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-comparison-'))
  try {
    return await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
