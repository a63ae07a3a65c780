// Which durable subscription a request of the admin port is about, or what is wrong with it, all at once.

export interface SubscriptionRequest {
  readonly clientId: string
  readonly subscriptionName: string
}

export type ParsedSubscriptionRequest =
  | { readonly ok: true; readonly request: SubscriptionRequest }
  | { readonly ok: false; readonly problems: readonly string[] }

const parameters = ['clientId', 'subscriptionName'] as const

/** `query`: what stands behind the question mark. Nothing is guessed: what is deleted does not come back. */
export function parseSubscriptionRequest(query: string): ParsedSubscriptionRequest {
  const given = new URLSearchParams(query)
  const problems = parameters
    .filter((name) => given.getAll(name).length !== 1 || given.get(name) === '')
    .map((name) => `${name}: expected once, and not empty`)
  const unknown = [...new Set(given.keys())].filter((name) => !parameters.some((known) => known === name))
  for (const name of unknown)
    problems.push(`${name.slice(0, 80)}: there is no such parameter; accepted are ${parameters.join(', ')}`)
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, request: { clientId: given.get('clientId')!, subscriptionName: given.get('subscriptionName')! } }
}
