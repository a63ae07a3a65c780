// How two members recognize each other when one has dialled the other; both have to prove that they know the security token, which is never
// sent:
//
//   dialler   hello {protocol, version, member, instance, brokerName, replicas, nonce}
//   acceptor  hello, or refused {refused}
//   dialler   {proof}, or it hangs up
//   acceptor  {proof}, which means welcome, or refused {refused}
//
// proof := HMAC-SHA256 with the token over role and both hellos, in hexadecimal digits. The dialler proves first: a stranger who dials gets
// nothing that tokens could be tried against. Without a token the key is empty: whoever reaches the port is believed. What follows the
// handshake is neither signed nor encrypted: who can change packets on their way needs no token.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

export const protocolName = 'flotilla-replication'
export const protocolVersion = 1

const helloSchema = z.object({
  protocol: z.string().max(64),
  version: z.number().int(),
  member: z.string().min(1).max(255),
  instance: z.string().min(1).max(64),
  brokerName: z.string().max(255),
  replicas: z.number().int(),
  nonce: z.string().min(16).max(128),
})
/** What is the same in every version. */
const protocolSchema = z.object({
  protocol: z.string().max(64),
  version: z.number().int(),
  member: z.string().max(255).catch(''),
})
const proofSchema = z.object({ proof: z.string().max(128) })
const refusedSchema = z.object({ refused: z.string().max(1000) })

export type Hello = z.output<typeof helloSchema>

export const parseProof = (value: unknown): string | undefined => proofSchema.safeParse(value).data?.proof
export const parseRefusal = (value: unknown): string | undefined => refusedSchema.safeParse(value).data?.refused

interface Objection {
  readonly member: string
  readonly objection: string
}

/** Another one's hello, or why whoever sent it is no other member of the same group; undefined: it is no hello at all. */
export function readHello(value: unknown, own: Hello): Hello | Objection | undefined {
  const spoken = protocolSchema.safeParse(value).data
  if (!spoken) return undefined
  const { protocol, version, member } = spoken
  if (protocol !== own.protocol || version !== own.version)
    return {
      member,
      objection: `it speaks ${protocol} version ${version}, this member ${own.protocol} version ${own.version}`,
    }
  const hello = helloSchema.safeParse(value).data
  const objection = hello && objectionTo(hello, own)
  return objection === undefined ? hello : { member, objection }
}

function objectionTo(other: Hello, own: Hello): string | undefined {
  if (other.brokerName !== own.brokerName)
    return `it belongs to broker ${other.brokerName}, this member to broker ${own.brokerName}`
  if (other.replicas !== own.replicas)
    return `its configuration says replicas: ${other.replicas}, that of this member replicas: ${own.replicas}`
  if (other.member !== own.member) return undefined
  return other.instance === own.instance
    ? 'it is this member itself'
    : `member name ${own.member} is in use by another process: each member needs a name of its own`
}

export function proofOf(token: string, role: 'dialler' | 'acceptor', dialler: Hello, acceptor: Hello): string {
  const fields = [dialler, acceptor].flatMap(({ protocol, version, nonce, member, instance, brokerName, replicas }) => [
    protocol,
    version,
    nonce,
    member,
    instance,
    brokerName,
    replicas,
  ])
  return createHmac('sha256', token)
    .update(JSON.stringify([role, ...fields]))
    .digest('hex')
}

export function isProof(given: string | undefined, expected: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
