// One line of the report each.

/** What the body resolves with is told beside it. */
export type Check = (what: string, body: () => Promise<string | void>) => Promise<void>
