// What a row of wrong-manifests.ts says.
import type { BrokerClusterSpecInput } from '../../../../operator/api/spec-schema.ts'

export interface GoodManifest {
  readonly title: string
  readonly spec: BrokerClusterSpecInput
}

export interface WrongManifest {
  readonly title: string
  /** Default: orders. */
  readonly name?: string
  /** Accepted before; `spec` is a change of it. */
  readonly before?: BrokerClusterSpecInput
  readonly spec: unknown
  /** What refuses it: a CEL rule, a bound of the schema, or the operator alone (what CEL cannot compare). */
  readonly by: 'rule' | 'schema' | 'operator'
  /** It is a change: only the API server has what was there before. */
  readonly onlyApiServer?: true
  /** As in the cause that the API server reports. */
  readonly field: string
  /** Where the operator points to; by default to the same field. */
  readonly operatorField?: string
  /** Part of the message. */
  readonly text: string
}
