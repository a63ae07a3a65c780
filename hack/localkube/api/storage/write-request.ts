// Who writes and how: what a request says besides the object.

export interface WriteRequest {
  readonly manager: string
  readonly dryRun?: boolean
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
  /** Texts for the Warning headers of the answer are added here. */
  readonly warnings?: string[]
  readonly subresource?: 'status' | 'scale' | 'finalize' | 'binding'
  /** `change` has already settled managedFields (server-side apply). */
  readonly fieldsTracked?: boolean
  /** The body is a patch: unknown fields are named as the patch's. */
  readonly patch?: boolean
}
