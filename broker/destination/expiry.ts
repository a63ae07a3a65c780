// When a message is no longer worth delivering (JMS 1.1 section 3.4.9).

/** `expiration` is absolute, in milliseconds; 0 = never. */
export const isExpired = (message: { readonly expiration: number }, nowMs: number): boolean =>
  message.expiration > 0 && message.expiration <= nowMs
