// Limits of selectors, each with its reason: their texts come from strangers, and every message is held against them.

export const selectorLimits = {
  /** Characters of one selector. Real ones have less than a thousand; a list of two thousand order numbers fits. */
  maximumSelectorLength: 32_768,
  /**
   * Expressions within each other: parser and evaluator call themselves that deep, which takes a fraction of the stack. AND and OR
   * in a row are one level, however many they are.
   */
  maximumSelectorDepth: 256,
  /** Characters that `+` makes of texts. A selector may join a long property with itself a thousand times. */
  maximumJoinedLength: 65_536,
  /**
   * Steps that one LIKE may take on a text, besides so many for each of its characters: patterns that fit nearly everywhere need the
   * product of both lengths. Beyond it the result is unknown.
   */
  likeSteps: 100_000,
  likeStepsPerCharacter: 32,
} as const
