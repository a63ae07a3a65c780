// Limits of advisories, each with its reason.

/** What is there that a new advisory subscriber is told of in one turn; a few milliseconds. */
export const replaySliceSize = 1000

/** Topics come and go with temporary destinations; the answers must not stay for ever. */
export const maxRememberedAnswers = 10_000
