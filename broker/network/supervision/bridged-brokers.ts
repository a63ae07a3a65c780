// Which brokers a network connector has a bridge to, whatever addresses led there: two bridges to one broker would ask for
// everything twice. Whoever was too late may wait until the other one's bridge has ended.

/** Who has a bridge, or would have one. */
export interface BridgeHolder {
  readonly uri: string
}

export class BridgedBrokers {
  readonly #holders = new Map<string, BridgeHolder>()
  readonly #waiting = new Map<BridgeHolder, { readonly brokerId: string; readonly released: () => void }>()

  /** null: it is the holder's now, until `release`. Else whose it is. */
  claim(brokerId: string, holder: BridgeHolder): BridgeHolder | null {
    const other = this.#holders.get(brokerId)
    if (other && other !== holder) return other
    this.#holders.set(brokerId, holder)
    return null
  }

  release(holder: BridgeHolder): void {
    for (const [brokerId, known] of this.#holders)
      if (known === holder) {
        this.#holders.delete(brokerId)
        this.#tell(brokerId)
      }
  }

  /** Called at most once, unless `forget` was called before. */
  await(brokerId: string, holder: BridgeHolder, released: () => void): void {
    this.#waiting.set(holder, { brokerId, released })
  }

  forget(holder: BridgeHolder): void {
    this.#waiting.delete(holder)
  }

  #tell(brokerId: string): void {
    const told = Array.from(this.#waiting).filter(([, wait]) => wait.brokerId === brokerId)
    for (const [holder, { released }] of told) {
      this.#waiting.delete(holder)
      released()
    }
  }
}
