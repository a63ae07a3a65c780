// Acknowledgements by their OpenWire names, as the region gets them from a session.
import type { Acknowledgement, MessageReference } from '../../broker/region/region.ts'
import type { AcknowledgementTypeName } from '../../broker/openwire/acknowledgement-types.ts'
import { acknowledgementMeanings } from '../../broker/session/openwire/acknowledgement.ts'

export interface AcknowledgementFields {
  readonly consumerId: string
  readonly transactionId?: string | null
  readonly first?: MessageReference | null
  readonly last: MessageReference | null
  readonly messageCount?: number
  readonly cause?: string | null
  readonly responseRequired?: boolean
}

/** null for one that means nothing to the region. */
export function acknowledgementNamed(
  name: AcknowledgementTypeName,
  fields: AcknowledgementFields,
): Acknowledgement | null {
  const meaning = acknowledgementMeanings[name]
  const { messageCount = 1 } = fields
  return (
    meaning && {
      outcome: meaning.outcome,
      scope: meaning.scope,
      credit: meaning.grantsCredit ? messageCount : 0,
      messageCount,
      transactionId: null,
      first: null,
      cause: null,
      responseRequired: true,
      ...fields,
    }
  )
}
