// What every Elector does, whatever stands behind it. A group of three members, a quorum of which is two.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Candidacy, Elector, Proposal } from '../../broker/lock/election/elector.ts'
import type { Peer } from '../../broker/replication/peer.ts'

export interface ElectorRequest {
  readonly member: string
  readonly weight: number
  /** What the other members that live would answer to a query. */
  readonly others: () => ReadonlyMap<string, Candidacy>
}

export interface ElectorSetting {
  /** Of the members a, b and c. */
  electorOf(request: ElectorRequest): Elector
  /** As SIGKILL: it says nothing any more, also not good-bye. */
  kill(member: string): Promise<void> | void
  /** Lets time pass, a little. */
  elapse(): Promise<void> | void
  dispose(): Promise<void> | void
}

export const candidacyAt = (offset: number, term = 1): Candidacy => ({
  position: { term, segment: term, offset },
  promised: term,
  isVoter: true,
  active: null,
})

export const emptyCandidacy: Candidacy = {
  position: { term: 0, segment: 0, offset: 0 },
  promised: 0,
  isVoter: false,
  active: null,
}

interface Participant {
  readonly elector: Elector
  candidacy: Candidacy
  /** The last one that is neither withdrawn nor declined. */
  proposal: Proposal | undefined
  peers: readonly Peer[]
  refusal: Error | undefined
}

/** Members as an election sees them: what they have, what they were told. */
export class Electorate {
  readonly #setting: ElectorSetting
  readonly #members = new Map<string, Participant>()
  readonly terms: number[] = []
  readonly withdrawn: { readonly member: string; readonly term: number; readonly reason: string }[] = []

  constructor(setting: ElectorSetting) {
    this.#setting = setting
  }

  async start(member: string, candidacy: Candidacy, weight = 1): Promise<void> {
    const others = (): ReadonlyMap<string, Candidacy> =>
      new Map([...this.#members].filter(([name]) => name !== member).map(([name, other]) => [name, other.candidacy]))
    const elector = this.#setting.electorOf({ member, weight, others })
    const participant: Participant = { elector, candidacy, proposal: undefined, peers: [], refusal: undefined }
    this.#members.set(member, participant)
    elector.candidacy(candidacy)
    elector.start(`${member}.example:61619`, {
      peers: (peers) => void (participant.peers = peers),
      proposed: (proposal) => {
        this.terms.push(proposal.term)
        participant.proposal = proposal
      },
      withdrawn: (term, reason) => {
        this.withdrawn.push({ member, term, reason })
        if (participant.proposal?.term === term) participant.proposal = undefined
      },
      refused: (error) => void (participant.refusal = error),
    })
    // It has looked at what is there.
    await this.until(() => participant.refusal !== undefined || elector.state.kind !== 'Connecting')
    await this.elapse(2)
  }

  of(member: string): Participant {
    return this.#members.get(member)!
  }

  tell(member: string, candidacy: Partial<Candidacy>): void {
    const participant = this.of(member)
    participant.candidacy = { ...participant.candidacy, ...candidacy }
    participant.elector.candidacy(participant.candidacy)
  }

  /** The proposed one serves, and all others follow it. */
  serve(member: string): number {
    const { elector, proposal } = this.of(member)
    void elector.served(proposal!.term).catch(() => {})
    for (const name of this.#members.keys())
      this.tell(name, { active: member, promised: proposal!.term, isVoter: true })
    return proposal!.term
  }

  decline(member: string, reason: string): number {
    const participant = this.of(member)
    const { term } = participant.proposal!
    participant.proposal = undefined
    participant.elector.declined(term, reason)
    return term
  }

  /** As when the process ends, or is killed: nobody hears of it any more. */
  async leave(member: string, how: 'close' | 'kill'): Promise<void> {
    const { elector } = this.of(member)
    this.#members.delete(member)
    for (const [name, { candidacy }] of this.#members)
      if (candidacy.active === member) this.tell(name, { active: null })
    await (how === 'close' ? this.settled(elector.close()) : this.#setting.kill(member))
  }

  /** Who is proposed, as soon as somebody is. */
  async proposed(): Promise<string> {
    const find = (): string | undefined => [...this.#members].find(([, { proposal }]) => proposal !== undefined)?.[0]
    await this.until(() => find() !== undefined)
    return find()!
  }

  async until(holds: () => boolean): Promise<void> {
    for (let step = 0; !holds(); step++) {
      if (step === 4000) throw new Error(`It does not come to that; states: ${this.#states()}`)
      await this.#setting.elapse()
    }
  }

  async elapse(times: number): Promise<void> {
    for (let time = 0; time < times; time++) await this.#setting.elapse()
  }

  async settled(promise: Promise<void>): Promise<void> {
    let outcome: { readonly error?: unknown } | undefined
    promise.then(
      () => (outcome = {}),
      (error: unknown) => (outcome = { error }),
    )
    await this.until(() => outcome !== undefined)
    if (outcome!.error !== undefined) throw outcome!.error as Error
  }

  async close(): Promise<void> {
    for (const { elector } of this.#members.values()) await this.settled(elector.close())
  }

  #states(): string {
    return JSON.stringify([...this.#members].map(([name, { elector }]) => [name, elector.state]))
  }
}

export function electorContract(name: string, create: () => ElectorSetting | Promise<ElectorSetting>): void {
  let setting: ElectorSetting
  let group: Electorate
  beforeEach(async () => {
    setting = await create()
    group = new Electorate(setting)
  })
  afterEach(async () => {
    await group.close()
    await setting.dispose()
  })

  describe(`${name} as an elector`, () => {
    test('a new group is founded by one of its members, which is told so', async () => {
      for (const member of ['a', 'b', 'c']) await group.start(member, emptyCandidacy)
      const member = await group.proposed()
      expect(group.of(member).proposal).toEqual({ term: expect.any(Number), founding: true })
      const term = group.serve(member)
      for (const one of ['a', 'b', 'c']) await group.until(() => group.of(one).elector.state.kind === 'Elected')
      expect(group.of('b').elector.state).toEqual({ kind: 'Elected', member, term })
    })

    test('a group that was served is not founded again, and its empty members are elected by nobody', async () => {
      for (const member of ['a', 'b', 'c']) await group.start(member, emptyCandidacy)
      const first = await group.proposed()
      group.serve(first)
      const [emptied, kept] = ['a', 'b', 'c'].filter((member) => member !== first)
      await group.until(() => group.of(kept!).elector.state.kind === 'Elected')
      group.tell(emptied!, { isVoter: false })
      await group.elapse(10)
      await group.leave(first, 'close')
      await group.until(() => reasonOf(group.of(kept!).elector).includes('data that counts'))
      group.tell(emptied!, { isVoter: true })
      await group.proposed()
      expect(group.terms).toHaveLength(2)
      expect([emptied, kept].map((member) => group.of(member!).proposal?.founding)).not.toContain(true)
    })

    test('below a quorum nobody is proposed, and the state says who is missing', async () => {
      await group.start('a', candidacyAt(100))
      await group.until(() => /1 .*of 3 members.*2/.test(reasonOf(group.of('a').elector)))
      await group.start('b', candidacyAt(50))
      expect(await group.proposed()).toBe('a')
    })

    test('tells for how long nobody has been elected, which an election of a moment is not', async () => {
      await group.start('a', candidacyAt(100))
      await group.until(() => group.of('a').elector.unsettledMs > 50)
      await group.start('b', candidacyAt(50))
      group.serve(await group.proposed())
      for (const member of ['a', 'b']) await group.until(() => group.of(member).elector.unsettledMs === 0)
      await group.elapse(10)
      expect(group.of('b').elector.unsettledMs).toBe(0)
    })

    test('the most advanced is proposed, whatever the weights', async () => {
      await group.start('a', candidacyAt(100), 9)
      await group.start('b', candidacyAt(101), 1)
      await group.start('c', candidacyAt(99), 5)
      expect(await group.proposed()).toBe('b')
      expect(group.of('b').proposal!.founding).toBe(false)
    })

    test('a newer term is more than any offset', async () => {
      await group.start('a', candidacyAt(1_000_000, 3))
      await group.start('b', candidacyAt(10, 4))
      await group.start('c', candidacyAt(1_000_000, 3))
      expect(await group.proposed()).toBe('b')
      expect(group.of('b').proposal!.term).toBeGreaterThan(4)
    })

    test('of equals the heaviest is proposed, else the first by name', async () => {
      await group.start('c', candidacyAt(100), 2)
      await group.start('a', candidacyAt(100), 1)
      await group.start('b', candidacyAt(100), 2)
      expect(await group.proposed()).toBe('b')
    })

    test('each member is told where the others are', async () => {
      for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
      await group.until(() => group.of('a').peers.length === 2)
      expect(group.of('a').peers.toSorted((one, other) => (one.member < other.member ? -1 : 1))).toEqual([
        { member: 'b', address: 'b.example:61619' },
        { member: 'c', address: 'c.example:61619' },
      ])
    })

    test('whoever declines is passed over, and elected again when the others decline, too', async () => {
      for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
      const first = await group.proposed()
      const declined = group.decline(first, 'its disk is full')
      const second = await group.proposed()
      expect(second).not.toBe(first)
      expect(group.of(second).proposal!.term).toBeGreaterThan(declined)
      group.decline(second, 'its disk is full')
      expect(await group.proposed()).not.toBe(second)
    })

    test('one that declines because another has more makes way for that one', async () => {
      await group.start('a', candidacyAt(100))
      await group.start('b', candidacyAt(90))
      await group.start('c', candidacyAt(95))
      expect(await group.proposed()).toBe('a')
      group.tell('c', { position: { term: 1, segment: 1, offset: 120 } })
      group.decline('a', 'c has more')
      expect(await group.proposed()).toBe('c')
    })

    test('whoever serves stays, also when another one has more weight or comes later', async () => {
      await group.start('a', candidacyAt(100))
      await group.start('b', candidacyAt(90))
      const member = await group.proposed()
      group.serve(member)
      await group.start('c', candidacyAt(200), 9)
      group.tell('c', { active: member })
      await group.until(() => group.of('c').elector.state.kind === 'Elected')
      expect(group.terms).toHaveLength(1)
      expect(group.withdrawn).toEqual([])
    })

    for (const how of ['close', 'kill'] as const)
      test(`when the active is gone (${how}), another is proposed, in a newer term`, async () => {
        for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
        const first = await group.proposed()
        const term = group.serve(first)
        await group.until(() => ['a', 'b', 'c'].every((member) => group.of(member).elector.state.kind === 'Elected'))
        await group.leave(first, how)
        const second = await group.proposed()
        expect(group.of(second).proposal).toEqual({ term: expect.any(Number), founding: false })
        expect(group.of(second).proposal!.term).toBeGreaterThan(term)
      })

    test('no term is proposed twice, and each is newer than what anybody has promised', async () => {
      for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
      group.tell('b', { promised: 41 })
      await group.until(() => group.terms.length === 1)
      for (let turn = 1; turn < 5; turn++) {
        group.decline(await group.proposed(), 'it would rather not')
        await group.until(() => group.terms.length > turn)
      }
      expect(new Set(group.terms).size).toBe(group.terms.length)
      expect(group.terms).toEqual(group.terms.toSorted((one, other) => one - other))
      expect(group.terms.at(-1)).toBeGreaterThan(41)
    })
  })
}

const reasonOf = ({ state }: Elector): string => (state.kind === 'Elected' ? '' : state.reason)
