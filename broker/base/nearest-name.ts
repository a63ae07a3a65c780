// Which of the known names somebody meant who wrote an unknown one: for refusals.

/** So many letters are more than a slip at the start of a name. */
const tellingLetters = 5

/**
 * The one with the fewest letters to add, take away or replace, whatever their case; else the first that goes on where
 * `given` ends. Null when all are too far away to be meant.
 */
export function nearestName(given: string, known: readonly string[]): string | null {
  const wanted = given.toLowerCase()
  let nearest: string | null = null
  let least = Math.max(2, Math.floor(given.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase())
    if (distance >= least) continue
    least = distance
    nearest = name
  }
  if (nearest !== null || wanted.length < tellingLetters) return nearest
  return known.find((name) => name.toLowerCase().startsWith(wanted)) ?? null
}

/** Levenshtein's, a row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let at = 1; at <= from.length; at++) {
    const next = [at]
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (from[at - 1] === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
