// The image of a group, and the revision of its members, which depends on it. A spec that names no image leaves the choice
// to the operator, and another operator would choose another one: so a group keeps the image that it has until the cluster
// asks for another, by `image.reference` or by `image.update: Automatic`. Pure.
//
// A cluster that never worked has nothing to keep: it takes what the operator has now, which may be the one that works.
import type { BrokerClusterSpec, GroupSpec } from '../api/spec-schema.ts'
import { memberRevision } from './member-revision.ts'
import type { KnownDatabase } from './database.ts'
import type { EdgePlan } from './plan.ts'

/** The image of a group, as it was left. */
export interface ExistingImage {
  /** What its members are made with. */
  readonly image: string
  /** Of the members that are made with it. */
  readonly revision: string | undefined
  /** ImagePlan.firstImage; undefined when it is not noted, or there is none. */
  readonly firstImage: string | undefined
}

export interface ExistingImages {
  /** A member of the cluster has been active at some time. */
  readonly haveWorked: boolean
  /** By name of the group. */
  readonly byGroup: ReadonlyMap<string, ExistingImage>
}

export interface ImagePlan {
  readonly image: string
  readonly revision: string
  /**
   * What the group was made with while its spec named no image: in a revision it counts as none, so that a revision of
   * before says the same. undefined when the group has always named one.
   */
  readonly firstImage: string | undefined
  /** The operator's own image, which the group would get if it asked; undefined when it has that, or names one itself. */
  readonly offered: string | undefined
}

/** `edges` are those of the whole network. */
export function planImage(
  spec: BrokerClusterSpec,
  group: GroupSpec,
  defaultImage: string,
  { haveWorked, byGroup }: ExistingImages,
  edges: readonly EdgePlan[] = [],
  database?: KnownDatabase,
): ImagePlan {
  const { reference, update } = spec.image
  const revisionWith = (named: string): string =>
    memberRevision({ ...spec, image: { ...spec.image, reference: named } }, group, edges, database)
  const existing = byGroup.get(group.name)
  // A group that joins the others runs what they run.
  const kept = haveWorked && update === 'Manual' ? (existing ?? [...byGroup.values()][0])?.image : undefined
  const image = reference || (kept ?? defaultImage)
  const firstImage = firstImageOf(existing, reference, image, revisionWith)
  return {
    image,
    revision: revisionWith(image === firstImage ? '' : image),
    firstImage,
    offered: reference === '' && image !== defaultImage ? defaultImage : undefined,
  }
}

function firstImageOf(
  existing: ExistingImage | undefined,
  reference: string,
  image: string,
  revisionWith: (named: string) => string,
): string | undefined {
  if (existing?.firstImage !== undefined) return existing.firstImage
  // As before this was noted: what names an image has it in its revision.
  if (reference !== '') return undefined
  if (!existing) return image
  return existing.revision === revisionWith(existing.image) ? undefined : existing.image
}
