// The outline of a discovery URI, as users of ActiveMQ write it for a network connector (uri) and for the announcement of a
// transport connector (discoveryUri):
//
//   static:(uri,uri)?options        one bridge for each; also simple:, static://(…), and static:uri,uri without options of its own.
//                                   Inside: tcp://host:port, ssl://host:port, or failover:(uri,uri) for the brokers of one bridge
//   masterslave:(uri,uri)?options   one bridge, to the first that can be had
//   multicast://group?options       also multicast://default?group=G and multicast://239.255.2.3:6155?group=G
//
// Which brokers or which group: what options mean is not known here, so that configurations are checked by it without a client.

export type DiscoveryOutline =
  /** `members`: URIs of brokers with their options; of `static` also failover:(…). */
  | { readonly kind: 'static' | 'masterslave'; readonly members: readonly string[]; readonly query: string }
  /** `group`: when the URI names one where an address can stand. */
  | {
      readonly kind: 'multicast'
      readonly address: string
      readonly port: number
      readonly group: string | null
      readonly query: string
    }
  /** Completes "Cannot use …: ". */
  | { readonly kind: 'wrong'; readonly problem: string }

/** Who needs more has many connectors; and what is longer is no URI that anybody wrote. */
export const maxDiscoveryMembers = 64
export const maxDiscoveryUriLength = 8192

/** ActiveMQ: MulticastDiscoveryAgent. */
const defaultAddress = '239.255.2.3'
const defaultPort = 6155

export function outlineOfDiscoveryUri(uri: string): DiscoveryOutline {
  const text = uri.trim()
  if (text.length > maxDiscoveryUriLength)
    return wrong(`it has ${text.length} characters, the most is ${maxDiscoveryUriLength}`)
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0))
  const rest = text.slice(colon + 1)
  switch (scheme) {
    case 'static':
    case 'simple':
      return listOutline('static', rest.replace(/^\/\//, ''))
    case 'masterslave':
      return listOutline('masterslave', rest.replace(/^\/\//, ''))
    case 'multicast':
      return multicastOutline(rest)
    case 'tcp':
    case 'ssl':
    case 'failover':
      return wrong(`in a network it is written static:(${text})`)
    default:
      return wrong(
        'accepted are static:(tcp://host:port,tcp://host:port), masterslave:(tcp://host:port,tcp://host:port) and multicast://group',
      )
  }
}

/** What is wrong with it; null when nothing is that can be seen without knowing the options. */
export function problemOfDiscoveryUri(uri: string): string | null {
  const outline = outlineOfDiscoveryUri(uri)
  return outline.kind === 'wrong' ? outline.problem : null
}

const wrong = (problem: string): DiscoveryOutline => ({ kind: 'wrong', problem })

function listOutline(kind: 'static' | 'masterslave', text: string): DiscoveryOutline {
  const split = text.startsWith('(') ? bracketed(text) : { list: text, query: '' }
  const members = split && splitAtCommas(split.list)
  if (!members) return wrong(`accepted is ${kind}:(uri,uri)?options, with as many brackets closed as opened`)
  if (members.length === 0) return wrong(`it names no broker; accepted is ${kind}:(tcp://host:port,tcp://host:port)`)
  if (members.length > maxDiscoveryMembers)
    return wrong(`it names ${members.length} brokers, the most is ${maxDiscoveryMembers}`)
  if (kind === 'masterslave' && members.length < 2)
    return wrong(`masterslave: needs two brokers at least; one is written static:(${members[0]})`)
  const schemes = kind === 'static' ? ['tcp:', 'ssl:', 'failover:'] : ['tcp:', 'ssl:']
  const strange = members.find((member) => !schemes.some((scheme) => member.startsWith(scheme)))
  if (strange !== undefined)
    return wrong(
      `it contains ${strange}; accepted inside ${kind}:(…) are tcp://host:port${kind === 'static' ? ', ssl://host:port and failover:(tcp://host:port,tcp://host:port)' : ' and ssl://host:port'}`,
    )
  return { kind, members, query: split.query }
}

/** `(list)?query`; null when it is not written so. */
function bracketed(text: string): { readonly list: string; readonly query: string } | null {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) {
      const after = text.slice(at + 1)
      return after === '' || after.startsWith('?') ? { list: text.slice(1, at), query: after.slice(1) } : null
    }
  }
  return null
}

/** Not at those between brackets; null when these do not match. */
function splitAtCommas(list: string): string[] | null {
  const members: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < list.length; at++) {
    if (list[at] === '(') depth++
    if (list[at] === ')' && --depth < 0) return null
    if (list[at] === ',' && depth === 0) {
      members.push(list.slice(from, at))
      from = at + 1
    }
  }
  if (depth > 0) return null
  members.push(list.slice(from))
  return members.map((member) => member.trim()).filter((member) => member !== '')
}

function multicastOutline(text: string): DiscoveryOutline {
  const match = /^\/\/([A-Za-z0-9][A-Za-z0-9._-]{0,254})(?::(\d{1,5}))?\/?(?:\?(.*))?$/s.exec(text)
  const host = match?.[1] ?? ''
  const port = Number(match?.[2] ?? defaultPort)
  const isAddress = isMulticastAddress(host)
  const isGroup = match?.[2] === undefined && !/^[\d.]+$/.test(host)
  if (!match || port === 0 || port > 65_535 || !(isAddress || host === 'default' || isGroup))
    return wrong(
      'accepted are multicast://default, multicast://group, and multicast://address:port?group=group with an address from 224.0.0.0 to 239.255.255.255',
    )
  return {
    kind: 'multicast',
    address: isAddress ? host : defaultAddress,
    port,
    group: isAddress || host === 'default' ? null : host,
    query: match[3] ?? '',
  }
}

const isMulticastAddress = (host: string): boolean =>
  /^(22[4-9]|23\d)(\.\d{1,3}){3}$/.test(host) && host.split('.').every((part) => Number(part) <= 255)
