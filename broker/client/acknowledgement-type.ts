/** MessageAck.ackType (spec openwire.md section 10). */
export const acknowledgementType = { delivered: 0, poison: 1, standard: 2, individual: 4, expired: 6 } as const

export type AcknowledgementType = (typeof acknowledgementType)[keyof typeof acknowledgementType]
