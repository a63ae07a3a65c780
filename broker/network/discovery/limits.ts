// Limits of discovery, each with its reason. Whoever reaches the group of a multicast address may send to it.

/** A URL and a few words; ActiveMQ takes up to 8 KiB, and sends about fifty. */
export const maxDatagramBytes = 1024

/** Services that one agent knows at a time; a stranger may announce as many as he likes, and each would be dialled. */
export const maxServices = 256

/** A service that was not heard for so many of its intervals is gone: ActiveMQ's HEARTBEAT_MISS_BEFORE_DEATH. */
export const missedIntervals = 10

/** Between two announcements, also where new services are heard all the time: each of these is answered with one. */
export const minAnnouncementGapMs = 100

/** A network that cannot be joined now may come up later; cables and routes take seconds. */
export const rejoinDelayMs = 5000
