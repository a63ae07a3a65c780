// A nested destination of a stored form:  present:bool type:uint8 = 100..103 name:string
import { encodeModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { withoutOptions, type Destination, type DestinationKind } from './destination.ts'
import type { LooseScanner } from './loose-scanner.ts'

export const firstDestinationCode = 100
export const lastDestinationCode = 103

/** In the order of their type codes. */
const kinds: readonly DestinationKind[] = ['queue', 'topic', 'temp-queue', 'temp-topic']

export const destinationCodeOf = (kind: DestinationKind): number => firstDestinationCode + kinds.indexOf(kind)

/** Of a form that was scanned. */
export function readDestination(scanner: LooseScanner): Destination | null {
  if (!scanner.bool()) return null
  const kind = kinds[scanner.uint8() - firstDestinationCode]!
  return { kind, name: withoutOptions(scanner.string() ?? '') }
}

export function encodeDestination(destination: Destination): Buffer {
  const name = encodeModifiedUtf8(destination.name)
  return Buffer.concat([Buffer.from([1, destinationCodeOf(destination.kind), 1, name.length >> 8, name.length]), name])
}
