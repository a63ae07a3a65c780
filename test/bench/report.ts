// docs/benchmarks.md from the raw data of one run of the bench: pure, so that the page can be made again from the data.
import { cells, figures, type Cell, type Figure, type Goal } from './cells.ts'
import { ratioOf, spreadOf, type Spread } from './statistics.ts'

export interface BenchData {
  readonly startedAt: string
  readonly endedAt: string
  readonly command: string
  /** Other work was going on when it began. */
  readonly busy?: boolean
  readonly machine: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
  readonly brokers: readonly { readonly id: string; readonly title: string; readonly settings: string }[]
  readonly runs: readonly BenchRun[]
}

export interface BenchRun {
  readonly cell: string
  readonly broker: string
  readonly run: number
  /** Not part of any figure: the first run of a broker in a cell. */
  readonly thrownAway: boolean
  readonly figures?: Readonly<Partial<Record<Figure, number>>>
  readonly failed?: string
  readonly raw?: unknown
}

export interface Verdict {
  readonly ours: Spread
  /** The peer that is best in this figure; undefined when no peer has it. */
  readonly best: { readonly title: string; readonly spread: Spread } | undefined
  readonly ratio: Spread | undefined
  readonly met: boolean
  /** Below the best peer, whatever the goal says. */
  readonly worseThanPeer: boolean
}

const ours = 'flotilla'
const enoughRuns = 3

/** How one goal came out; undefined when ours has no figure. */
export function judge(data: BenchData, cell: Cell, goal: Goal): Verdict | undefined {
  const own = spread(data, cell, ours, goal.figure)
  if (!own) return undefined
  const higher = figures[goal.figure].better === 'higher'
  const peers = data.brokers
    .filter((broker) => broker.id !== ours)
    .map((broker) => ({ title: broker.title, spread: spread(data, cell, broker.id, goal.figure) }))
    .filter((peer): peer is { title: string; spread: Spread } => peer.spread !== undefined)
    .sort((a, b) => (a.spread.median - b.spread.median) * (higher ? -1 : 1))
  const best = peers[0]
  const ratio = best && ratioOf(own, best.spread)
  const reaches = (value: number, wanted: number) => (higher ? value >= wanted : value <= wanted)
  const met =
    goal.absolute === undefined
      ? ratio !== undefined && reaches(ratio.median, goal.ratio ?? 1)
      : reaches(own.median, goal.absolute)
  const worseThanPeer = goal.ratio !== undefined && ratio !== undefined && !reaches(ratio.median, 1)
  return { ours: own, best, ratio, met, worseThanPeer }
}

/** What differs between the pages of different stores. */
export interface ReportPage {
  readonly title: string
  readonly command: string
  readonly explanation: readonly string[]
  readonly cells: readonly Cell[]
}

export function buildReport(
  data: BenchData,
  findings: Readonly<Record<string, string>>,
  page: ReportPage = filePage,
): string {
  const present = page.cells.filter((cell) => data.runs.some((run) => run.cell === cell.id))
  return [
    `# ${page.title}`,
    '',
    `Written by \`${page.command}\`; not to be edited by hand. What stands in the way of a goal is kept in`,
    '`test/bench/findings.ts`.',
    '',
    ...caution(data),
    ...page.explanation,
    '## Goals',
    '',
    'Ours divided by the best peer in that figure: the ratio of the medians, and the extremes that single runs allow.',
    'A dash is a figure without such a ratio.',
    '',
    '| cell | figure | goal | ratio | extremes | ours | best peer | |',
    '|---|---|---|---|---|---|---|---|',
    ...present.flatMap((cell) => cell.goals.map((goal) => goalRow(data, cell, goal))),
    '',
    '## Cells',
    '',
    ...present.flatMap((cell) => cellSection(data, cell, findings[cell.id])),
    '## Machine and versions',
    '',
    ...pairs(data.machine),
    ...pairs(data.settings),
    '',
    ...data.brokers.map((broker) => `- ${broker.title}: ${broker.settings}`),
    '',
    `From ${data.startedAt} to ${data.endedAt}, by \`${data.command}\`.`,
    '',
  ].join('\n')
}

const explanation = [
  'All brokers are driven by the same stock Java client over loopback, one connection for each producer and consumer,',
  'with a fresh store for each run and the brokers in turn. `a/b` is a number of producers and of consumers. A message',
  'is 1 KiB of random bytes unless the cell says otherwise; producers pause while more than 10 MiB are on their way, so',
  'that a steady state is measured. Times and CPU are of the window behind the warm-up; memory is the highest of the',
  "process so far. Syncs are the broker's calls of fsync, fdatasync and the like for every 1,000 messages that were",
  'consumed in the window.',
  '',
  'Where nobody consumes (`1/0`), producers never pause: every message really is written, and what counts are the sends',
  "that were answered. The share of the disk's sync rate is of what one program alone gets done in the folder of the",
  'stores, just before: records of the size of a message appended, each followed by an fdatasync before the next.',
  '',
  'ActiveMQ hands a persistent queue message to a consumer before it is synced, and does not write it at all when it is',
  'acknowledged first (concurrentStoreAndDispatchQueues, its default and ours): fewer syncs than sends do not mean that',
  'an answer was given early. Where a consumer is as fast as its producer, its end-to-end latency has no sync in it.',
  '"Stored before dispatch" is with that setting off in ours and in ActiveMQ; Artemis always stores first.',
  '',
  '"20 pairs beside …": each pair is one sender and one consumer with a destination of its own, as fast as they can with',
  '32 messages on their way; first 20 that are not persistent, ten of queues and ten of topics, then 20 that are, so that',
  'those who wait for answers are not measured by those who do not. All are measured twice in the life of one broker:',
  'alone, and when somebody beside them has taken what there is: a sender to a queue that nobody consumes (flood), one',
  'whose consumer took its prefetch of 1,000 and acknowledges nothing (stuck), one whose consumer has subscribed and',
  'reads nothing from its socket (deaf). While that sender fills the broker, with messages of 16 KiB, the pairs rest,',
  'because on two cores its speed would be what is measured; in the second window it is blocked and still trying, or, if',
  'nothing blocks it before it has sent 448 MiB (128 MiB where only memory is to be full), sends 100 messages a second.',
  'The share is the rate beside it divided by the rate alone, of the kind of pairs where it is least; a pair without one',
  'message in the second window stands still. "Beside nobody" tells how far the windows differ by themselves. Limits: 64',
  'MiB of memory, 256 MiB of temp store, 256 MiB of store; in ActiveMQ memoryUsage, tempUsage and storeUsage; in Artemis',
  'global-max-size 64 MiB with its default address-full-policy PAGE, and no limit on disk, as it has none for all',
  'addresses together. Command: `npm run bench -- --cell neighbours-flood-temp` and so on.',
  '',
  '"One hop" and "two hops": a chain of two or three brokers of the same kind, each with a static connector to the next,',
  'one way, with its defaults but for networkTTL, which is the number of hops. Producers are at the first broker,',
  'consumers at the last, and the warm-up begins when a first message has come through. CPU, memory (the sum of what was',
  "each one's highest) and syncs are those of all brokers of the chain together. Artemis is left out, as it has no such",
  'connectors.',
  '',
  'The mesh: each broker is linked to each other one by a duplex connector with its defaults but for messageTTL=-1, so',
  'that a message can follow a consumer that moves more than once; in ActiveMQ with replayWhenNoConsumers="true" and',
  'enableAudit="false" for all queues, as its documentation has it for that. Each queue has one consumer and the more',
  'others the higher its number; 50 times a second one of all moves to another broker, leaves for a while, or comes back.',
  'First nobody sends: bytes on the sockets between the brokers, as the kernel counts them in both directions, are then',
  'advisories and what belongs to them, and those and the CPU of all brokers are given for every 1,000 consumers that',
  'came or left. Then it goes on for as long while 200 persistent messages a second are sent to all brokers and queues.',
  'In the end each queue has a consumer somewhere. Stuck is what did not come in 45 s without any delivery, but came when',
  'every broker had a consumer of all queues; lost is what did not come then either.',
  '',
]

const filePage: ReportPage = { title: 'Benchmarks', command: 'npm run bench', explanation, cells }

/** So that nobody takes a trial for a result. */
function caution(data: BenchData): string[] {
  const counted = new Map<string, number>()
  for (const { cell, broker, thrownAway } of data.runs) {
    const key = `${cell} ${broker}`
    counted.set(key, (counted.get(key) ?? 0) + (thrownAway ? 0 : 1))
  }
  const fewest = Math.min(...counted.values())
  const reasons = [
    ...(fewest < enoughRuns ? [`fewer than ${enoughRuns} runs count`] : []),
    ...(data.busy === true ? ['other work ran on the machine'] : []),
  ]
  return reasons.length === 0 ? [] : [`**These figures are a trial, not a result: ${reasons.join(', and ')}.**`, '']
}

function goalRow(data: BenchData, cell: Cell, goal: Goal): string {
  const { title, better } = figures[goal.figure]
  const sign = better === 'higher' ? '≥' : '≤'
  const wanted =
    goal.absolute === undefined ? `${sign} ${number(goal.ratio ?? 1)}x` : `${sign} ${number(goal.absolute)}`
  const verdict = judge(data, cell, goal)
  if (!verdict)
    return row([cell.title, title, wanted, '–', '–', failureOf(data, cell, ours) ?? '–', '–', 'not measured'])
  const { ratio, best } = verdict
  return row([
    cell.title,
    title,
    wanted,
    ratio && goal.ratio !== undefined ? `${number(ratio.median)}x` : '–',
    ratio && goal.ratio !== undefined ? `${number(ratio.min)}–${number(ratio.max)}x` : '–',
    number(verdict.ours.median),
    best ? `${number(best.spread.median)} (${best.title})` : '–',
    verdict.met ? 'reached' : verdict.worseThanPeer ? '**missed, worse than a peer**' : '**missed**',
  ])
}

function cellSection(data: BenchData, cell: Cell, finding: string | undefined): string[] {
  const shown = figuresOf(data, cell)
  const rows = data.brokers.map((broker) => {
    const values = shown.map((figure) => showSpread(spread(data, cell, broker.id, figure)))
    return row([broker.title, ...values, failureOf(data, cell, broker.id) ?? ''])
  })
  return [
    `### ${cell.title}`,
    '',
    row(['', ...shown.map((figure) => figures[figure].title), '']),
    row(Array.from({ length: shown.length + 2 }, () => '---')),
    ...rows,
    '',
    ...(finding === undefined ? [] : [finding, '']),
  ]
}

/** What this cell has goals for or always shows, as far as anybody has it. */
function figuresOf(data: BenchData, cell: Cell): Figure[] {
  const wanted = new Set<Figure>([
    ...(cell.procedure.kind === 'load' ? (['rate'] as const) : []),
    ...cell.goals.map((goal) => goal.figure),
    ...(cell.also ?? []),
    'peakMemoryMiB',
    'syncsPer1000',
  ])
  return [...wanted].filter((figure) => data.brokers.some((broker) => spread(data, cell, broker.id, figure)))
}

function spread(data: BenchData, cell: Cell, broker: string, figure: Figure): Spread | undefined {
  const values = data.runs
    .filter((run) => run.cell === cell.id && run.broker === broker && !run.thrownAway)
    .map((run) => run.figures?.[figure])
    .filter((value) => value !== undefined)
  return spreadOf(values)
}

function failureOf(data: BenchData, cell: Cell, broker: string): string | undefined {
  const runs = data.runs.filter((run) => run.cell === cell.id && run.broker === broker)
  if (runs.length === 0) return 'left out'
  const failed = runs.filter((run) => run.failed !== undefined)
  if (failed.length === 0) return undefined
  const reason = failed[0]!.failed!.split('\n')[0]!.replaceAll('|', '/').slice(0, 200)
  return `${failed.length} of ${runs.length} runs failed: ${reason}`
}

function showSpread(spread: Spread | undefined): string {
  if (!spread) return '–'
  return spread.min === spread.max
    ? number(spread.median)
    : `${number(spread.median)} (${number(spread.min)}–${number(spread.max)})`
}

/** Three significant digits, thousands with commas. */
function number(value: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)))
}

function row(columns: readonly string[]): string {
  return `| ${columns.join(' | ')} |`
}

function pairs(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `- ${name}: ${value}`)
}
