// OpenWire clients make up the names of temporary destinations: the id of the connection that owns one, a colon, a number.
import type { Destination } from '../message/destination.ts'

/** Everything before the last colon of the name. */
export const temporaryOwner = ({ name }: Destination): string => name.slice(0, Math.max(0, name.lastIndexOf(':')))
