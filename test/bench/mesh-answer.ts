// What the driver says of a mesh whose consumers came and went, and what it means beside what the brokers used meanwhile.
export interface MeshAnswer {
  /** Consumers that came or left while no message was sent: what was between the brokers then was talk about these. */
  readonly changes: number
  /** Messages whose sends were answered, while consumers came and went. */
  readonly sent: number
  /** Of those, not delivered after all had become quiet, with a consumer of their queue on some broker. */
  readonly undelivered: number
  /** Of those, not delivered either when each broker had consumers of all queues. */
  readonly lost: number
  /** Delivered more than once. */
  readonly duplicates: number
  readonly problems: string
}

export interface MeshFigures {
  readonly kibPer1000Changes: number
  readonly cpuPer1000Changes: number
  readonly stuck: number
  readonly lost: number
}

export function judgeMesh(
  { changes, sent, undelivered, lost, problems }: MeshAnswer,
  used: { readonly cpu: number; readonly bytes: number },
): MeshFigures {
  if (problems !== '') throw new Error(problems)
  if (changes === 0) throw new Error('no consumer came or left')
  if (sent === 0) throw new Error('no message was sent')
  return {
    kibPer1000Changes: (used.bytes / 1024 / changes) * 1000,
    cpuPer1000Changes: (used.cpu / changes) * 1000,
    stuck: undelivered - lost,
    lost,
  }
}
