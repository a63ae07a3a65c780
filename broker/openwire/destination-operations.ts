/** DestinationInfo.operationType, with the numbers of ActiveMQ's class DestinationInfo. */
export const destinationOperations = { add: 0, remove: 1 } as const

export type DestinationOperation = keyof typeof destinationOperations
