// Bytes from outside that are not what they claim to be. Each format has its own subclass.
import { FlotillaError } from './errors.ts'

export class FormatError extends FlotillaError {}
