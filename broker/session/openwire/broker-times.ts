// brokerInTime and brokerOutTime of a stored form: when the broker got a message and when it sent it on.
// They stand near the end:  … brokerInTime:int64 brokerOutTime:int64 jmsxGroupFirstForConsumer:bool [blob: three fields]
// Blob messages, which end with texts, keep the times of their sender.
import { writeLong } from '../../message/loose-scanner.ts'
import { typeCodes } from '../../wire/openwire/commands.ts'

const inTimeFromEnd = 17
const outTimeFromEnd = 9

/** Bytes at the end of a stored form that change when it is sent: brokerOutTime and what follows it. */
export const sentTailBytes = outTimeFromEnd

export const hasBrokerTimes = (stored: Buffer): boolean =>
  stored[0] !== typeCodes.ActiveMQBlobMessage && stored.length > inTimeFromEnd

/** Only for bytes that nobody else has seen yet. */
export function patchBrokerInTime(stored: Buffer, nowMs: number): void {
  if (hasBrokerTimes(stored)) writeLong(stored, stored.length - inTimeFromEnd, nowMs)
}

/** The tail of `stored` with the time of sending, followed by room for `extraBytes`. */
export function sentTail(stored: Buffer, nowMs: number, extraBytes: number): Buffer {
  const tail = Buffer.allocUnsafe(outTimeFromEnd + extraBytes)
  writeLong(tail, 0, nowMs)
  tail[outTimeFromEnd - 1] = stored[stored.length - 1]!
  return tail
}
