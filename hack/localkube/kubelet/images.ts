// Images are a table: a reference without tag and digest → what to run on this machine.

export interface ProcessImage {
  /** As an image's ENTRYPOINT; `node` means the Node that runs the stand-in. */
  readonly command: readonly string[]
  /** As an image's CMD: replaced by the container's args. */
  readonly args?: readonly string[]
  /** Working directory. */
  readonly cwd: string
  /** As an image's ENV. */
  readonly env?: Readonly<Record<string, string>>
}

export type Images = Readonly<Record<string, ProcessImage>>

/** `ghcr.io/a/b:1@sha256:…` → `ghcr.io/a/b`; `docker.io/` and `library/` may be left out, as everywhere. */
export function imageName(reference: string): string {
  const withoutDigest = reference.split('@')[0]!
  const slash = withoutDigest.lastIndexOf('/')
  const colon = withoutDigest.indexOf(':', slash + 1)
  const name = colon < 0 ? withoutDigest : withoutDigest.slice(0, colon)
  return name.replace(/^docker\.io\//, '').replace(/^library\//, '')
}

export const findImage = (images: Images, reference: string): ProcessImage | undefined =>
  Object.hasOwn(images, imageName(reference)) ? images[imageName(reference)] : undefined

export function unknownImageMessage(images: Images, reference: string): string {
  const known = Object.keys(images).sort().join(', ') || 'none'
  return `Cannot run image "${reference}": the local stand-in pulls nothing; images it can run: ${known}`
}
