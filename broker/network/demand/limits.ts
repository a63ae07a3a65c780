// Limits of what a bridge remembers of another broker, each with its reason.

/**
 * Bytes, estimated, of the interests, temporary destinations and demands of one bridge: two hundred thousand consumers of usual
 * names. A broker that tells of more is lying or lost, and must not take this one along.
 */
export const maxRememberedBytes = 192 * 1024 * 1024

/** The same of all bridges together: anybody can say that it is a broker, as often as there are connections. */
export const maxRememberedBytesOfAll = 2 * maxRememberedBytes

/** That much each may have as long as it is up, whatever others have: a thousand consumers. */
export const littleRememberedBytes = 1024 * 1024

/** What an entry in the tables costs beside its texts. */
export const interestBytes = 640

/** What an entry of a path, or of a list of consumers, costs beside its text: it is kept as it came, and as texts. */
export const listedBytes = 192

/** What a consumer of the region costs beside the texts of its command. */
export const demandBytes = 2048

/**
 * Destinations that consumers listen to, each consumer by itself where they are not merged. A connection has no more consumers in the
 * region; and one consumer that goes, of `>`, may leave all that it stood for in need of demands of their own, at once.
 */
export const maxDestinations = 10_000

/** Each demand is held against all wildcards there are; applications have a handful. */
export const maxWildcards = 1000

/** Brokers between a consumer and us, or consumers behind a demand: networks are a few brokers wide. */
export const maxPathLength = 64

/** Destinations of one consumer or durable subscription: a composite has up to 64, and each may have virtual ones. */
export const maxInterestsOfOneId = 256

/** Each that comes or goes is held against all others; what is more is never a second way to anything. */
export const maxWaysToOneDestination = 256

/** Destinations whose answer is kept: messages ask for the same ones again and again. */
export const maxRememberedAnswers = 10_000
