// Which images the groups of a cluster have, in the words that the planner decides by. Pure.
import { annotations, labels } from '../api/names.ts'
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { brokerContainer } from '../resources/pod-template.ts'
import type { ExistingImage, ExistingImages } from '../topology/member-image.ts'
import type { StatefulSet } from './kinds.ts'

export function existingImages({ status }: BrokerCluster, statefulSets: readonly StatefulSet[]): ExistingImages {
  const byGroup = new Map<string, ExistingImage>()
  for (const set of statefulSets) {
    const image = imageOf(set)
    if (image === undefined) continue
    byGroup.set(set.metadata.labels?.[labels.group] ?? '', {
      image,
      revision: set.spec?.template?.metadata?.annotations?.[annotations.revision],
      firstImage: set.metadata.annotations?.[annotations.firstImage],
    })
  }
  // What was decided counts more than what somebody made of the StatefulSet, and outlives it.
  for (const { name, image, revision } of status?.groups ?? [])
    if (image !== undefined) byGroup.set(name, { image, revision, firstImage: byGroup.get(name)?.firstImage })
  const available = status?.conditions?.find(({ type }) => type === 'Available')
  return { haveWorked: available?.reason !== 'NeverStarted', byGroup }
}

const imageOf = ({ spec }: StatefulSet): string | undefined =>
  spec?.template?.spec?.containers?.find(({ name }) => name === brokerContainer)?.image
