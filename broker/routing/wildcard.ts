// Wildcards of destination names (ActiveMQ: DestinationFilter): the separator is `.`, `*` stands for one level, a final `>`
// for all remaining levels, also none: `A.>` matches `A`, `A.B` and `A.B.C`.

export type WildcardPattern = readonly string[]

export const parseWildcard = (name: string): WildcardPattern => name.split('.')

export function matchesWildcard(pattern: WildcardPattern, name: string): boolean {
  const levels = name.split('.')
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '>') return true
    if (i >= levels.length) return false
    if (pattern[i] !== '*' && pattern[i] !== levels[i]) return false
  }
  return levels.length === pattern.length
}

/** Whether there is a name that both match: a destination may have a wildcard as its name (ActiveMQ: DestinationMap.get). */
export function wildcardsOverlap(one: WildcardPattern, other: WildcardPattern): boolean {
  for (let i = 0; i < one.length || i < other.length; i++) {
    if (one[i] === '>' || other[i] === '>') return true
    if (i >= one.length || i >= other.length) return false
    if (one[i] !== other[i] && one[i] !== '*' && other[i] !== '*') return false
  }
  return true
}

/** Whether every name that `narrow` matches is one that `wide` matches, too: `ORDERS.*` is within `ORDERS.>`, that within `>`. */
export function isWithin(narrow: WildcardPattern, wide: WildcardPattern): boolean {
  for (let i = 0; i < wide.length; i++) {
    if (wide[i] === '>') return true
    if (i >= narrow.length || narrow[i] === '>') return false
    if (wide[i] !== '*' && wide[i] !== narrow[i]) return false
  }
  return narrow.length === wide.length
}
