// The properties of a message that is sent: those that travel in the map, and those that OpenWire has fields for.
import type { PrimitiveMap, PrimitiveValue } from '../wire/openwire/properties.ts'
import type { MessageRules } from './message-rules.ts'
import { type MessageValues, typedMap, unusable, type ValueRules } from './message-value.ts'
import { checkForeignPropertyName, checkPropertyName, groupIdName, groupSequenceName } from './property-name.ts'
import { valueAs } from './value-conversion.ts'

export interface OutgoingProperties {
  readonly map: PrimitiveMap
  /** Null when it is not among the properties. */
  readonly groupId: string | null
  readonly groupSequence: number | null
}

const rulesFor = (nested: boolean, validated: boolean): ValueRules => ({
  what: 'property',
  nested,
  checkName: validated ? checkPropertyName : checkForeignPropertyName,
})
const validated = { nested: rulesFor(true, true), flat: rulesFor(false, true) }
const foreign = { nested: rulesFor(true, false), flat: rulesFor(false, false) }

/** Throws JmsError that names what cannot be sent. */
export function outgoingProperties(given: MessageValues, rules: MessageRules): OutgoingProperties {
  const { nested, flat } = rules.validatePropertyNames ? validated : foreign
  const map = typedMap(given, rules.nestedMapAndListEnabled ? nested : flat)
  const groupId = taken(map, groupIdName)
  const groupSequence = taken(map, groupSequenceName)
  if (groupId !== null && groupId.type !== 'string')
    throw unusable(`property ${groupIdName}`, groupId.value, 'a text or null')
  return {
    map,
    groupId: groupId === null ? null : groupId.value,
    groupSequence: groupSequence === null ? null : sequenceOf(groupSequence),
  }
}

/** Null also for a null value: it says that there is none. */
function taken(map: Map<string, PrimitiveValue>, name: string): PrimitiveValue | null {
  const value = map.get(name)
  if (value === undefined) return null
  map.delete(name)
  return value.type === 'null' ? null : value
}

function sequenceOf(value: PrimitiveValue): number {
  if (value.type !== 'byte' && value.type !== 'short' && value.type !== 'int')
    throw unusable(`property ${groupSequenceName}`, value.value, 'an int')
  return valueAs(value, 'int')!
}
