// A journal as text for people, and as one JSON document.
import type { CheckedDamage } from '../journal/check.ts'
import type { DurableState } from '../replication/core.ts'
import type { InspectedMessage, InspectedQueue, JournalInspection } from '../store/journal/journal-inspection.ts'

export function describeJournal(path: string, inspection: JournalInspection, member?: DurableState): string {
  const { term, segments, records, queues, topics, subscriptions, openTransactions, lastSequence } = inspection
  const { damage, tornBytes, unusedBytes, leftOver, unusableSummaries } = inspection
  const tail = segments.at(-1)
  const lines = [
    `Journal ${path}: term ${term}, ${count(segments.length, 'segment')}, last sequence ${lastSequence}`,
    ...segments.map(
      ({ file, term, records, length, fileBytes }) =>
        `  ${file}  term ${term}  ${count(records, 'record')}  ${length} of ${count(fileBytes, 'byte')}`,
    ),
    ...(member ? [describeMember(member)] : []),
    'Records',
    ...[...records].map(([type, number]) => `  ${type} ${number}`),
    'Queues',
    ...queues.map(describeContent),
  ]
  if (topics.length > 0) lines.push('Topics, each message once for all their durable subscriptions')
  lines.push(...topics.map(describeContent))
  if (subscriptions.length > 0) lines.push('Durable subscriptions: topic, client id, name')
  for (const { topic, clientId, name, selector, noLocal, messages, bytes } of subscriptions)
    lines.push(
      `  ${topic}  ${clientId}  ${name}  ${count(messages, 'message')}  ${count(bytes, 'byte')}` +
        `${noLocal ? '  noLocal' : ''}${selector === null ? '' : `  selector ${selector}`}`,
    )
  if (openTransactions.length > 0) lines.push('Open transactions, which the next broker drops')
  for (const { number, adds, removes } of openTransactions)
    lines.push(`  ${number}  ${count(adds, 'send')}  ${count(removes, 'acknowledgement')}`)
  if (tornBytes > 0 && tail)
    lines.push(
      `Torn tail: ${tail.file} from ${tail.length} on, ${count(tornBytes, 'byte')} that nobody was answered for`,
    )
  if (unusedBytes > 0 && tail) lines.push(`Set aside in ${tail.file}: ${count(unusedBytes, 'byte')}`)
  if (leftOver.length > 0) lines.push(`Left over, without effect: ${leftOver.join(' ')}`)
  if (unusableSummaries.length > 0)
    lines.push(`Summaries that are torn or damaged; their segments are read instead: ${unusableSummaries.join(' ')}`)
  lines.push(...damage.map(describeDamage), verdict(damage))
  return `${lines.join('\n')}\n`
}

const describeMember = ({ promised, candidate, isVoter }: DurableState): string =>
  `Member of a replicated store: ${promised === 0 ? 'nothing promised' : `term ${promised} promised to ${candidate ?? 'nobody'}`}, ` +
  (isVoter ? 'counts for a quorum' : 'does not count for a quorum until it has been in sync')

export const describeMessage = ({
  queue,
  sequence,
  messageId,
  destination,
  size,
  file,
  offset,
}: InspectedMessage): string =>
  `${queue}  ${sequence}  ${messageId}  ${destination ?? '-'}  ${count(size, 'byte')}  ${file}@${offset}\n`

export function journalDocument(path: string, inspection: JournalInspection, member?: DurableState): string {
  const { term, lastSequence, segments, records, queues, topics, subscriptions, openTransactions } = inspection
  const { damage, leftOver, tornBytes, unusedBytes, unusableSummaries } = inspection
  return `${JSON.stringify({
    journal: path,
    term,
    lastSequence,
    segments: segments.map(({ file, number, term, length, fileBytes, records, isTail }) => ({
      file,
      number,
      term,
      length,
      fileBytes,
      records,
      isTail,
    })),
    records: Object.fromEntries(records),
    queues,
    topics,
    subscriptions,
    openTransactions,
    damage,
    tornBytes,
    unusedBytes,
    leftOver,
    unusableSummaries,
    ...(member && { member }),
  })}\n`
}

const describeContent = ({ name, messages, bytes }: InspectedQueue): string =>
  `  ${name}  ${count(messages, 'message')}  ${count(bytes, 'byte')}`

const describeDamage = ({ file, what, from, to }: CheckedDamage): string =>
  what === 'missing file' ? `Damage: ${file} is missing` : `Damage: ${file}, bytes ${from} to ${to}: ${what}`

const verdict = (damage: readonly CheckedDamage[]): string =>
  damage.length === 0
    ? 'Intact'
    : `Damaged: ${count(damage.length, 'place')} in ${count(new Set(damage.map(({ file }) => file)).size, 'file')}; what is listed above can be read`

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
