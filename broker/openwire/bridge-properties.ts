// What a bridge of ours tells a broker of ours besides the properties of ActiveMQ's bridges, in the same text; others know nothing of it.

/** `true`: what comes over it is in no store where it comes from. */
export const unstoredProperty = 'flotilla.unstored'
