// How two members recognize each other when one has dialled the other; both have to prove that they know the security token, which is never
// sent:
//
//   dialler   hello {protocol, version, member, instance, brokerName, replicas, nonce}
//   acceptor  hello, with `proof`, or refused {refused}
//   dialler   {proof}, or it hangs up
//   acceptor  {welcome: true}, or refused {refused}
//
// proof := HMAC-SHA256 with the token over role, both nonces, both hellos without proof, in hexadecimal digits. Without a token the key
// is empty: whoever reaches the port is believed.
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
  proof: z.string().max(128).optional(),
})
const proofSchema = z.object({ proof: z.string().max(128) })
const welcomeSchema = z.object({ welcome: z.literal(true) })
const refusedSchema = z.object({ refused: z.string().max(1000) })

export type Hello = Omit<z.output<typeof helloSchema>, 'proof'>

export const parseHello = (value: unknown): z.output<typeof helloSchema> | undefined =>
  helloSchema.safeParse(value).data
export const parseProof = (value: unknown): string | undefined => proofSchema.safeParse(value).data?.proof
export const isWelcome = (value: unknown): boolean => welcomeSchema.safeParse(value).success
export const parseRefusal = (value: unknown): string | undefined => refusedSchema.safeParse(value).data?.refused

/** Why a hello of somebody is not one of another member of the same group; undefined: it may be. */
export function objectionTo(other: Hello, own: Hello): string | undefined {
  if (other.protocol !== protocolName || other.version !== own.version)
    return `it speaks ${other.protocol} ${other.version}, this member ${own.protocol} ${own.version}`
  if (other.brokerName !== own.brokerName)
    return `it belongs to broker ${other.brokerName}, this member to broker ${own.brokerName}`
  if (other.replicas !== own.replicas)
    return `its configuration says replicas: ${other.replicas}, that of this member replicas: ${own.replicas}`
  if (other.member === own.member)
    return other.instance === own.instance
      ? 'it is this member itself'
      : `two members are called ${own.member}: each needs a name of its own`
  return undefined
}

export function proofOf(token: string, role: 'dialler' | 'acceptor', dialler: Hello, acceptor: Hello): string {
  const fields = [dialler, acceptor].flatMap(({ nonce, member, instance, brokerName, replicas }) => [
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
