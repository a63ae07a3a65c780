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
