// What has happened in a run of the model of replication: not much would be proven if something of it did not.
export interface ReplicationFigures {
  schedules: number
  openings: number
  confirmed: number
  proposals: number
  withdrawals: number
  kills: number
  stops: number
  powerLosses: number
  lostDisks: number
  /** The file with its promise alone. */
  lostPromises: number
  pauses: number
  partitions: number
  cuts: number
}

export const newFigures = (): ReplicationFigures => ({
  schedules: 0,
  openings: 0,
  confirmed: 0,
  proposals: 0,
  withdrawals: 0,
  kills: 0,
  stops: 0,
  powerLosses: 0,
  lostDisks: 0,
  lostPromises: 0,
  pauses: 0,
  partitions: 0,
  cuts: 0,
})
