// brokerInTime and brokerOutTime of a stored form: when the broker got a message and when it sent it on.
// They stand near the end:  … brokerInTime:int64 brokerOutTime:int64 jmsxGroupFirstForConsumer:bool [blob: three fields]
// Blob messages, which end with texts, keep the times of their sender.
import { writeLong } from '../../message/loose-scanner.ts'
import { typeCodes } from '../../wire/openwire/commands.ts'

const inTimeFromEnd = 17

/** Bytes at the end of a stored form that change when it is sent: brokerOutTime and what follows it. */
export const sentTailBytes = 9

const hasBrokerTimes = (stored: Buffer): boolean =>
  stored[0] !== typeCodes.ActiveMQBlobMessage && stored.length > inTimeFromEnd

/** Only for bytes that nobody else has seen yet. */
export function patchBrokerInTime(stored: Buffer, nowMs: number): void {
  if (hasBrokerTimes(stored)) writeLong(stored, stored.length - inTimeFromEnd, nowMs)
}

/** Puts the time of sending into `frame`, a copy in which the bytes of `stored` end at `end`. */
export function patchBrokerOutTime(frame: Buffer, end: number, stored: Buffer, nowMs: number): void {
  if (hasBrokerTimes(stored)) writeLong(frame, end - sentTailBytes, nowMs)
}
