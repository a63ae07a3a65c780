// metav1.MicroTime: RFC 3339 with exactly six fractional digits. The API server refuses a Lease or an Event with fewer.

export const formatMicroTime = (epochMs: number): string => new Date(epochMs).toISOString().replace('Z', '000Z')
