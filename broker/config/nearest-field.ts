// Which known field somebody may have meant who wrote one that there is not.
import type { z } from 'zod'

/** More changes than that are no slip of the pen. */
const mostChanges = (name: string): number => Math.max(2, Math.ceil(name.length / 2))

/** The fields that an object at `path` may have. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [first, ...rest] = path
  return objectsOf(schema).flatMap((object) => {
    if (first === undefined) return 'shape' in object ? Object.keys(object.shape) : []
    const inner = 'shape' in object ? object.shape[String(first)] : object.element
    return inner ? fieldsAt(inner, rest) : []
  })
}

/** null when none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null
  let fewest = mostChanges(name)
  for (const candidate of known) {
    const changes = changesBetween(name.toLowerCase(), candidate.toLowerCase())
    if (changes > fewest || (changes === fewest && best !== null)) continue
    best = candidate
    fewest = changes
  }
  return best
}

/** The objects and lists that a schema is made of. */
function objectsOf(schema: z.core.$ZodType): (z.core.$ZodObject['_zod']['def'] | z.core.$ZodArray['_zod']['def'])[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type === 'object' || def.type === 'array') return [def]
  if (def.type === 'union') return def.options.flatMap(objectsOf)
  if ('in' in def) return objectsOf(def.in)
  return 'innerType' in def ? objectsOf(def.innerType) : []
}

/** How many letters have to be changed, added or left out; half as much for what the other one only goes on from. */
function changesBetween(one: string, other: string): number {
  if (one.includes(other) || other.includes(one)) return Math.abs(one.length - other.length) / 2
  let above = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++)
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)))
    above = row
  }
  return above[other.length]!
}
