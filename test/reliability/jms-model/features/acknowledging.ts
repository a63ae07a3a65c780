// All kinds of acknowledgements: of ranges and single messages, in transactions and outside, with and without an answer; messages
// that are given up, and given back.
import type { AcknowledgementTypeName } from '../../../../broker/openwire/acknowledgement-types.ts'
import { RefusalError } from '../../../../broker/base/errors.ts'
import type { Acknowledgement } from '../../../../broker/region/region.ts'
import { acknowledgementNamed } from '../../../support/acknowledgement.ts'
import { check } from '../../queue-book.ts'
import type { BookConsumer, Copy } from '../book.ts'
import type { ModelClient } from '../client.ts'
import type { Feature } from '../feature.ts'
import type { JmsModel } from '../model.ts'

type Kind = AcknowledgementTypeName | 'released'

const kinds: readonly Kind[] = [
  ...Array.from({ length: 6 }, () => 'standard' as const),
  'individual',
  'individual',
  'delivered',
  'redelivered',
  'poison',
  'poison',
  'expired',
  'released',
]

export const acknowledging: Feature = {
  commands: {
    acknowledge: {
      weight: 42,
      run: (client, model) => {
        const holding = client.consumers.filter(({ dispatched }) => dispatched.length > 0)
        if (holding.length === 0) return
        const consumer = model.pick(holding)
        const kind = model.pick(kinds)
        const { length } = consumer.dispatched
        const last = model.chance(0.35) ? length - 1 : model.below(length)
        const first = kind === 'individual' ? last : model.chance(0.75) ? 0 : model.below(last + 1)
        const isTransacted = (kind === 'standard' || kind === 'individual') && !client.isCommitting && model.chance(0.4)
        acknowledge(client, model, { consumer, kind, first, last, isTransacted })
      },
    },
    acknowledgeWrongly: {
      weight: 1,
      run: (client, model) => {
        // Ordinary subscribers are not asked what they had.
        const asked = client.consumers.filter((one) => one.isDurable || one.asked.kind === 'queue')
        if (asked.length === 0) return
        const { id } = model.pick(asked)
        model.note(`${id} acknowledges what it does not have`)
        const last = { messageId: 'ID:nobody:1:1:1', sequence: 0 }
        const type = model.pick<AcknowledgementTypeName>(['standard', 'individual', 'poison'])
        try {
          client.connection.acknowledge(acknowledgementNamed(type, { consumerId: id, last })!, () => {})
        } catch (error) {
          check(error instanceof RefusalError, () => `A wrong acknowledgement made ${String(error)}`)
        }
      },
    },
  },
}

interface Choice {
  readonly consumer: BookConsumer
  readonly kind: Kind
  readonly first: number
  readonly last: number
  readonly isTransacted: boolean
}

export function acknowledge(client: ModelClient, model: JmsModel, choice: Choice): void {
  const { consumer, kind, first, last, isTransacted } = choice
  const { book } = model
  const range = consumer.dispatched.slice(first, last + 1)
  const transaction = isTransacted ? client.open() : null
  const removes = kind === 'standard' || kind === 'individual'
  const awaited = transaction !== null || !removes || model.chance(0.5)
  model.note(
    `${consumer.id} ${kind} ${first}..${last} of ${consumer.dispatched.length}${transaction ? ` in ${transaction.id}` : awaited ? '' : ', no answer'}`,
  )
  const token = {}
  const taken: Copy[] = []
  client.unanswered.set(token, null)
  const needsDisk =
    !transaction &&
    awaited &&
    removes &&
    range.some(({ sent, place, certain }) => certain && sent.persistent && place.kind === 'queue')
  const done = model.world.done((error) => {
    client.unanswered.delete(token)
    check(error === undefined, () => `An acknowledgement was refused: ${error}`)
    if (awaited) for (const copy of taken) book.left(copy)
    model.figures.acknowledged += taken.length
  }, needsDisk)
  const acknowledgement = acknowledgementOf(choice, range, transaction?.id ?? null, awaited, model)
  if (acknowledgement) client.connection.acknowledge(acknowledgement, done)
  else done()
  if (kind === 'delivered') consumer.extension += consumer.prefetch > 0 ? range.length : 0
  if (kind === 'delivered' || kind === 'redelivered' || kind === 'unmatched') return
  if (transaction && kind === 'individual' && consumer.prefetch > 0) consumer.extension++
  for (const copy of range) {
    if (copy.transaction) continue
    if (transaction) {
      copy.transaction = transaction
      transaction.acknowledged.push(copy)
      continue
    }
    book.drop(consumer, copy)
    if (kind === 'released') {
      // What becomes of it then is not what is answered: it may expire at once.
      book.giveBack(copy, 1)
      continue
    }
    if (kind === 'poison' || kind === 'expired') model.letters.bury(copy, kind)
    else book.leave(copy)
    taken.push(copy)
  }
}

function acknowledgementOf(
  { consumer, kind }: Choice,
  range: readonly Copy[],
  transactionId: string | null,
  awaited: boolean,
  model: JmsModel,
): Acknowledgement | null {
  const references = model.chance(0.7)
  const referenceTo = (copy: Copy) => ({ messageId: copy.sent.id, sequence: references ? copy.sequence : 0 })
  const isUnique = new Set(consumer.dispatched.map(({ sent }) => sent.id)).size === consumer.dispatched.length
  const reference = isUnique ? referenceTo : (copy: Copy) => ({ messageId: copy.sent.id, sequence: copy.sequence })
  const fields = {
    consumerId: consumer.id,
    transactionId,
    first: range[0] === consumer.dispatched[0] || kind === 'individual' ? null : reference(range[0]!),
    last: reference(range.at(-1)!),
    messageCount: range.length,
    cause: kind === 'poison' ? 'wrong' : null,
    responseRequired: awaited,
  }
  if (kind !== 'released') return acknowledgementNamed(kind, fields)
  return { ...fields, outcome: 'released', scope: 'range', credit: 0 }
}
