// Bounds of the kubelet, each with its reason.

/** Back-off of a crashing container: 10 s doubling to 5 min, forgotten after 10 min without a crash. Kubernetes' numbers. */
export const firstRestartBackOffMs = 10_000
export const longestRestartBackOffMs = 300_000
export const restartBackOffResetMs = 600_000

/**
 * Between the end of a container and its first restart. The kubelet lists what runs once a second, so it notices half a second
 * later on average; here a broker would otherwise be back before the standby that waits for its lock is given a processor.
 */
export const endNoticedMs = 500

export const defaultGraceSeconds = 30
/** Time a container gets for SIGTERM when preStop has used up the grace period, as in Kubernetes. */
export const leastTermMs = 2000
/** Grace when the stand-in itself stops: a person waits for it, and what the broker acknowledged is on disk. */
export const shutdownGraceMs = 5000
/** After SIGKILL of a group, how long output of a process that left the group may hold up the container's end. */
export const outputDrainMs = 500

/** Between silent tries of a network probe that has never succeeded: readiness is seen early, failures are counted on time. */
export const eagerProbePeriodMs = 100
/** … for so long after the start: what takes longer can wait for its period. */
export const eagerProbeSpanMs = 60_000
/** A network probe's failures count from here on: no process listens in the instant of its start. */
export const firstCountedProbeMs = 1000
export const defaultProbePeriodSeconds = 10
export const defaultFailureThreshold = 3
/** Of a probe's or hook's output, in an Event. */
export const longestProbeOutput = 512

/** One log file of a container; with its predecessor at most twice that is kept per run of the container. */
export const maxLogFileBytes = 10 * 2 ** 20
/** A line longer than this is split, as container runtimes do. */
export const maxLogLineBytes = 16 * 1024

/** How long volumes are left alone after a failed mount when nothing changes. */
export const mountRetryMs = 2000
/** Remembered pod addresses; the longest unused is given up first. */
export const mostRememberedAddresses = 4096
