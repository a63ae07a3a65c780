// Pods as processes share the machine's file system, so a volume cannot be mounted at /var/lib/data. Instead every command,
// argument and environment value in which a mountPath stands gets the host directory in its place.
//
// A mountPath counts where it is the whole text or begins it, or follows `=`, `:`, `,` or `://` – and is not part of a
// longer name: /data is found in --dir=/data/x and file:///data but not in /database. The longest mountPath wins.
// What the contents of files say is not touched.

export interface Mount {
  readonly mountPath: string
  readonly hostPath: string
}

export function createPathRewriter(mounts: readonly Mount[]): (text: string) => string {
  const byLength = mounts
    .map(({ mountPath, hostPath }) => ({ mountPath: mountPath.replace(/(.)\/+$/, '$1'), hostPath }))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)
  if (byLength.length === 0) return (text) => text
  const hostPaths = new Map(byLength.map(({ mountPath, hostPath }) => [mountPath, hostPath]))
  const alternatives = byLength.map(({ mountPath }) => RegExp.escape(mountPath)).join('|')
  const pattern = new RegExp(`(^|://|[=:,])(${alternatives})(?![A-Za-z0-9._-])`, 'g')
  return (text) => text.replace(pattern, (_, before: string, path: string) => before + hostPaths.get(path)!)
}
