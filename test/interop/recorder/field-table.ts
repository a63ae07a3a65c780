// Our table of OpenWire structures as lines of text, for the Java programs that record: they take from it only which
// fields a structure has in which version and of what kind, never how something is encoded.
import { structures, wireFields } from '../../../broker/wire/openwire/schema.ts'

const anyVersion = 1
/** Java's largest int: the field is still there. */
const forever = 2 ** 31 - 1

/** `structure NAME SINCE`, then for each of its fields `field NAME KIND TYPE SINCE UNTIL`. */
export function fieldTable(): string {
  const lines = Object.entries(structures).flatMap(([name, { code, since }]) => {
    if (code === undefined) return []
    const fields = wireFields(name).map(
      (field) =>
        `field ${field.name} ${field.kind} ${field.type ?? '-'} ${field.since} ${Math.min(field.until, forever)}`,
    )
    return [`structure ${name} ${since ?? anyVersion}`, ...fields]
  })
  return `${lines.join('\n')}\n`
}
