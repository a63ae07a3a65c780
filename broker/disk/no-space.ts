// What the errors of a disk say, where more than one of its users has to know it.
import { errorCode } from '../base/errors.ts'

/** The file system, or what this user may have of it, is full. */
export const isNoSpace = (error: unknown): error is Error => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')
