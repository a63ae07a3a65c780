// Lists of one kind in the snapshots of a journal: they count when the end of their snapshot is there, and are decoded only when
// somebody asks for what stands in them, because mostly the next snapshot comes first.

export class SnapshotLists {
  #coming: Buffer[] = []
  #unread: Buffer[] | undefined

  get areUnread(): boolean {
    return this.#unread !== undefined
  }

  begin(): void {
    this.#coming = []
  }

  /** `meta` is copied. */
  collect(meta: Buffer): void {
    this.#coming.push(Buffer.from(meta))
  }

  /** The end of the snapshot. */
  end(): void {
    this.#unread = this.#coming
  }

  /** One behind the newest snapshot, while that is unread. */
  append(meta: Buffer): void {
    this.#unread?.push(Buffer.from(meta))
  }

  /** All that is unread, once; undefined when nothing is. */
  take(): readonly Buffer[] | undefined {
    const unread = this.#unread
    this.#unread = undefined
    return unread
  }
}
