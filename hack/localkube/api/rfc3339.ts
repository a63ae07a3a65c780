// Times as Kubernetes writes them.

/** RFC 3339 with whole seconds, as metadata has it. */
export const formatTime = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z')
