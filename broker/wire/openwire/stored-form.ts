// Messages ⇄ their stored form: OpenWire version 12, loose, no cache, without size prefix. There are three kinds of
// connections: those whose frames are stored forms already; those with the same fields in the tight encoding, which are
// rewritten field by field (tight-to-loose.ts, loose-to-tight.ts); and the others, cached or older than version 10, whose
// messages are decoded and encoded again.
import type { DataStructure, MessageCommand } from './commands.ts'
import { isMessageType, OpenWireCodec, peekType } from './openwire-codec.ts'
import { initialWireFormat, maxVersion } from './wire-format.ts'
import type { WireFormat } from './wire-format.ts'
import { WireError } from './wire-error.ts'

/** Bytes of the size prefix. */
const prefixBytes = 4

/** The first version whose messages have the layout of version 12. */
const firstStoredVersion = 10

const codec = new OpenWireCodec({ ...initialWireFormat, version: maxVersion })

const oldestCodec = new OpenWireCodec({ ...initialWireFormat, version: firstStoredVersion })

export type MessageForm = 'stored' | 'tight' | 'other'

/** What the message frames of a connection are. */
export function messageFormOf({ version, tightEncodingEnabled, cacheEnabled }: WireFormat): MessageForm {
  if (version < firstStoredVersion || cacheEnabled) return 'other'
  return tightEncodingEnabled ? 'tight' : 'stored'
}

/** Memory of its own, no view of a frame. */
export const storedFormOf = (command: MessageCommand): Buffer =>
  Buffer.from(codec.encode(command).subarray(prefixBytes))

/** A structure within a stored form: its presence, its type code and its fields. */
export const nestedFormOf = (structure: DataStructure): Buffer =>
  Buffer.concat([Buffer.from([1]), codec.encode(structure).subarray(prefixBytes)])

/** Throws WireError when not everybody whose frames are stored forms could read the message: its structures are checked. */
export function checkStructures(stored: Buffer): void {
  codec.decode(stored)
  // Structures that came with version 11 or 12.
  oldestCodec.decode(stored)
}

/** The message as a value; its byte fields are views of `stored`. Throws WireError. */
export function messageCommandOf(stored: Buffer): MessageCommand {
  if (!isMessageType(peekType(stored))) throw new WireError(`Cannot read message: type ${peekType(stored)} is none`)
  return codec.decode(stored) as DataStructure as MessageCommand
}
