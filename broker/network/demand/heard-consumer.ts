// A ConsumerInfo of another broker, checked: what it says may be anything.
import { RefusalError } from '../../base/errors.ts'
import { compositeMembers, isAdvisory, type Destination } from '../../message/destination.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import { consumerIdText } from '../../openwire/id-text.ts'
import { maxIdLength } from '../../openwire/limits.ts'
import { consumableMembers } from '../../routing/destination-name.ts'
import type { BrokerId, ConsumerInfo } from '../../wire/openwire/commands.ts'
import { listedBytes, maxPathLength } from './limits.ts'

export interface HeardConsumer {
  readonly info: ConsumerInfo
  readonly consumerId: string
  /** Brokers that its interest has passed, without the one that we heard of it from. */
  readonly brokerPath: readonly string[]
  /** Each is demand of its own. */
  readonly destinations: readonly Destination[]
  /** The other broker wants advisories for itself: one demand, whatever it lists. */
  readonly advisory: boolean
  /** Bytes of memory that its texts and lists cost, estimated. */
  readonly bytes: number
}

/** @throws {RefusalError} when it cannot be demand. */
export function readConsumer(info: ConsumerInfo): HeardConsumer {
  const destination = requiredDestination(info.destination, 'take a consumer as demand')
  if (!info.consumerId) throw new RefusalError('INVALID_REQUEST', 'Cannot take a consumer as demand: it has no id')
  const consumerId = checkedId(consumerIdText(info.consumerId))
  const brokerPath = readPath(info.brokerPath)
  if ((info.networkConsumerPath?.length ?? 0) > maxPathLength) throw tooLong('networkConsumerPath')
  const consumersBehind = (info.networkConsumerPath ?? []).map((id) => (id ? checkedId(consumerIdText(id)) : ''))
  const clientId = checkedId(info.clientId ?? '')
  const subscriptionName = checkedId(info.subscriptionName ?? '')
  const texts = [consumerId, clientId, subscriptionName, info.selector ?? '', ...brokerPath, ...consumersBehind]
  const advisory = compositeMembers(destination).every(isAdvisory)
  return {
    // Without what nobody asks for any more: a destination may be one of many of a long name, a predicate anything.
    info: { ...info, destination: null, additionalPredicate: null },
    consumerId,
    brokerPath,
    destinations: advisory ? [destination] : consumableMembers(destination),
    advisory,
    bytes: bytesOf(texts) + listedBytes * (brokerPath.length + consumersBehind.length),
  }
}

/** Two for each character. */
const bytesOf = (texts: readonly string[]): number => 2 * texts.reduce((length, text) => length + text.length, 0)

/** Bytes of memory that a path costs, estimated. */
export const pathBytes = (path: readonly string[]): number => bytesOf(path) + listedBytes * path.length

/** @throws {RefusalError} when it is longer than any network is wide. */
export function readPath(path: readonly (BrokerId | null)[] | null): readonly string[] {
  if (!path) return []
  if (path.length > maxPathLength) throw tooLong('brokerPath')
  return path.map((id) => checkedId(id?.value ?? ''))
}

function checkedId(text: string): string {
  if (text.length <= maxIdLength) return text
  throw new RefusalError(
    'INVALID_REQUEST',
    `Cannot take demand of another broker: it names an id of ${text.length} characters, the most is ${maxIdLength}`,
    { fields: { limit: 'maxIdLength' } },
  )
}

const tooLong = (field: string): RefusalError =>
  new RefusalError(
    'INVALID_REQUEST',
    `Cannot take demand of another broker: its ${field} has more than ${maxPathLength} entries`,
    { fields: { limit: 'maxPathLength' } },
  )
