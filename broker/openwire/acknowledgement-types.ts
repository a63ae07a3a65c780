// MessageAck.ackType, with the numbers of ActiveMQ's class MessageAck.
export const acknowledgementTypes = {
  /** The client has it; it is not done with it. Makes room for more. */
  delivered: 0,
  /** The client will not take it any more: a dead letter. */
  poison: 1,
  /** One message, or a range. */
  standard: 2,
  redelivered: 3,
  individual: 4,
  /** A durable topic subscriber passes over what its selector does not match. */
  unmatched: 5,
  expired: 6,
} as const

export type AcknowledgementTypeName = keyof typeof acknowledgementTypes
export type AcknowledgementCode = (typeof acknowledgementTypes)[AcknowledgementTypeName]

const names = Object.keys(acknowledgementTypes) as AcknowledgementTypeName[]

/** Undefined for a number that is none. */
export const acknowledgementTypeName = (code: number): AcknowledgementTypeName | undefined => names[code]
