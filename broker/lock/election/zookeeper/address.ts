// `host:port,host:port/chroot`, as ZooKeeper's own clients take it.

export interface ZooKeeperServer {
  readonly host: string
  readonly port: number
}

export interface ZooKeeperAddress {
  readonly servers: readonly ZooKeeperServer[]
  /** '' for none. */
  readonly chroot: string
}

const defaultPort = 2181

export const zooKeeperAddressHint =
  'host:port,host:port … and perhaps a path behind the last, such as zk-0:2181,zk-1:2181/apps'

/** undefined: it is none. */
export function parseZooKeeperAddress(text: string): ZooKeeperAddress | undefined {
  const [, list, chroot = ''] = /^([^/]+)(\/.*)?$/.exec(text.trim()) ?? []
  if (list === undefined || (chroot !== '' && !isPath(chroot))) return undefined
  const servers = list.split(',').map((server) => parseServer(server.trim()))
  if (servers.includes(undefined)) return undefined
  return { servers: servers as ZooKeeperServer[], chroot: chroot === '/' ? '' : chroot }
}

function parseServer(text: string): ZooKeeperServer | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? defaultPort : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

/** An absolute path without empty parts, as ZooKeeper has them. */
const isPath = (text: string): boolean => text === '/' || /^(\/[^/\s\0]+)+$/.test(text)
