/** What a connection's options say of the messages that it sends; see connection-options.ts. */
export interface MessageRules {
  /** Maps and lists as values of properties and map bodies. */
  readonly nestedMapAndListEnabled: boolean
  /** Names of properties have to be identifiers, as JMS wants it. */
  readonly validatePropertyNames: boolean
}

export const ordinaryRules: MessageRules = { nestedMapAndListEnabled: true, validatePropertyNames: true }
