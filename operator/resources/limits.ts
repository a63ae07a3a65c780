// Limits of the objects that are built, each with its reason.

/** Kubernetes refuses a longer name of a container port (an IANA service name). */
export const maxPortNameLength = 15
