// The bridges of a broker that is only played: from the configuration that its pod was given, as the active that it dials is
// found or not.
import type { MemberBridge } from '../../operator/broker-admin/broker-admin.ts'

interface PlayedConnector {
  readonly name: string
  readonly uri: string
}

/**
 * `config` is the text of broker.json. `addressOf` finds a member that is active, by the first label of its host. Of edges
 * that are cut it is said why.
 */
export function playBridges(
  config: string,
  addressOf: (member: string) => string | undefined,
  cut: ReadonlyMap<string, string> = new Map(),
): MemberBridge[] {
  const { networkConnectors = [] } = JSON.parse(config) as { networkConnectors?: readonly PlayedConnector[] }
  return networkConnectors.map(({ name, uri }) => {
    const bridge = { connector: name, accepted: false }
    const members = [...uri.matchAll(/tcp:\/\/([^.]+)\./g)].map(([, member]) => member!)
    const active = members.find((member) => addressOf(member) !== undefined)
    const reason = cut.get(name) ?? (active === undefined ? 'nobody answers' : null)
    if (reason !== null || active === undefined)
      return { ...bridge, state: 'Down', reason, remoteBrokerName: null, remoteAddress: null }
    const remoteAddress = `tcp://${addressOf(active)}:61616`
    return { ...bridge, state: 'Connected', reason: null, remoteBrokerName: active.replace(/-\d+$/, ''), remoteAddress }
  })
}
