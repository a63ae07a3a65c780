// Limits of an OpenWire session, each with its reason. Those that all protocols share stand in ../limits.ts.

/** Before ConnectionInfo nobody is known: a ConnectionInfo with its names and passwords fits many times. */
export const maxBufferedBytesBeforeConnection = 64 * 1024

/** ActiveMQ's connectAttemptTimeout: a peer that sends no WireFormatInfo this long is dropped. */
export const wireFormatTimeoutMs = 30_000

/** Time for a refused client to read why, before its socket is closed; ActiveMQ's too. */
export const refusedConnectionLingerMs = 2000

/** Clients of older versions do not know ConnectionControl.connectedBrokers (ActiveMQ: TransportConnection.updateClient). */
export const firstUpdatedVersion = 6

/** Several logical connections on one socket are legal and rare; each costs the broker state. */
export const maxConnectionsPerSocket = 64

/** Java clients make a session per thread or per request at worst; beyond this it is a leak on the other side. */
export const maxSessionsPerConnection = 10_000

/**
 * Bytes, as they came, of all that a socket has announced and not taken back: some times as much is kept of it in memory.
 * Enough for 10,000 sessions with a consumer and a producer each.
 */
export const maxAnnouncedBytesPerSocket = 16 * 1024 * 1024

/**
 * Answers that wait for a socket which takes no bytes, before a duplex bridge's socket is not read any more: as many as the
 * messages that 250 full demands of a thousand have under way, at 14 bytes each.
 */
export const maxAnswersWhileCongested = 250_000

/** What each announced object counts at least: it costs memory however short its command was. */
export const minAnnouncedBytes = 512

/** Commands other than messages: ids, names, options, selectors, the cause of a poison message. Real ones are below 64 KiB. */
export const maxCommandBytes = 256 * 1024

/** A broker tells of all its durable subscriptions at once, before it connects: ten thousand, which one has at most. */
export const maxSubscriptionInfoBytes = 4 * 1024 * 1024

/** A frame that has begun has to be whole in this time and at this rate; other traffic has no such limit. */
export const incompleteFrameTimeoutMs = 60_000
export const minInboundBytesPerSecond = 16 * 1024

/** After this long with the commands of one client the others get their turn: some times what usual chunks take. */
export const maxTurnMs = 5

/** Frames between two looks at the clock, which costs as much as a small command. */
export const framesPerLook = 8

/** Up to here a message that is sent is copied: one copy costs less than three entries in a vectored write. */
export const copiedMessageBytes = 4096
