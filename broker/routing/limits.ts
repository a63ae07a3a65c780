// Limits of destination names, each with its reason.

export const nameLimits = {
  /** Names travel in every advisory and stand in every log line; ActiveMQ clients use far shorter ones. */
  maximumNameLength: 1024,
  /** Each member of a composite costs a copy of the message. */
  maximumCompositeMembers: 64,
} as const
